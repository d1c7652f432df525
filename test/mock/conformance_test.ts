import { describe, test } from "vitest";
import { type MockMemory, type MockProfile, type MockStoreDaemon, MockXen } from "../../backends/mock.ts";
import {
  eventsConformance,
  grantsConformance,
  mapsConformance,
  storeConformance,
  type StoreNeed,
} from "../conformance/mod.ts";
import { eventsTarget, grantsTarget, smallQuotas, storeTarget, type StoreWay } from "../npm/programs/mock_targets.ts";
import { debugCore } from "../support/debug_core.ts";
import { withOneBuffer } from "../support/one_buffer.ts";

const CORES: Record<string, { core?: WebAssembly.Module }> = { release: {}, debug: { core: debugCore } };

const MACHINES = (["linux-5.16", "linux-6.1"] satisfies MockProfile[]).flatMap((profile) =>
  (["buffers", "slabs"] satisfies MockMemory[]).map((memory) => ({ profile, memory }))
);

for (const { profile, memory } of MACHINES) {
  for (const [build, core] of Object.entries(CORES)) {
    describe(`the mock, profile ${profile}, memory in ${memory}, ${build} core`, () => {
      const open = () => ({ ...grantsTarget(new MockXen({ profile, memory }), profile, memory), ...core });
      grantsConformance({ test, open });
      mapsConformance({ test, open });
    });
  }
}

for (
  const [domid, peer, where] of [
    [1, 0, "between two domains"],
    [1, 1, "inside of one"],
    [0, 1, "between domain 0 and another"],
  ] as const
) {
  describe(`the mock, ${where}`, () => {
    eventsConformance({ test, open: () => eventsTarget(new MockXen(), peer, domid) });
  });
}

/** The ways of both sides, and what they lack. */
const WAYS: Record<string, readonly [ours: StoreWay, theirs: StoreWay, lacks: readonly StoreNeed[]]> = {
  "a domU's device and dom0's": [[1, "device"], [0, "device"], []],
  "a domU's device and dom0's socket": [[1, "device"], [0, "socket"], []],
  "the devices of two domUs": [[1, "device"], [2, "device"], ["domain 0", "long lists"]],
  "two files of one domU's device": [[1, "device"], [1, "device"], ["domain 0", "two domains", "long lists"]],
  "two sockets": [[0, "socket"], [0, "socket"], ["unprivileged domain", "two domains"]],
  "the socket and dom0's device": [[0, "socket"], [0, "device"], ["unprivileged domain", "two domains"]],
};

for (const daemon of ["xenstored", "oxenstored"] satisfies MockStoreDaemon[]) {
  const { store, quotas } = smallQuotas(daemon);
  for (const [name, [ours, theirs, lacks]] of Object.entries(WAYS)) {
    // Its domain 0 has long lists only through the socket.
    const isShort = daemon === "oxenstored" && ![ours, theirs].some(([, kind]) => kind === "socket");
    describe(`the mock's ${daemon}, ${name}`, () => {
      storeConformance({
        test,
        lacks: isShort ? [...lacks, "long lists"] : lacks,
        quotas: lacks.includes("unprivileged domain") ? {} : quotas,
        open: () => storeTarget(new MockXen({ store }), daemon, ours, theirs),
      });
    });
  }
}

describe("the mock's xenstored, through a driver that keeps payloads in one buffer", () => {
  const { store, quotas } = smallQuotas("xenstored");
  storeConformance({
    test,
    quotas,
    open() {
      const target = storeTarget(new MockXen({ store }), "xenstored", [1, "device"], [0, "device"]);
      const { ours, theirs } = target;
      const wrap = (side: typeof ours) => ({ ...side, store: withOneBuffer(side.store) });
      return { ...target, ours: wrap(ours), theirs: wrap(theirs) };
    },
  });
});
