import { describe, test } from "vitest";
import { type MockMemory, type MockProfile, type MockStoreDaemon, MockXen } from "../../backends/mock.ts";
import { eventsConformance, grantsConformance, mapsConformance, storeConformance } from "../conformance/mod.ts";
import { eventsTarget, grantsTarget, storeTarget, type StoreWay } from "../npm/programs/mock_targets.ts";
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

const WAYS: Record<string, readonly [ours: StoreWay, theirs: StoreWay]> = {
  "a domU's device and dom0's": [[1, "device"], [0, "device"]],
  "a domU's device and dom0's socket": [[1, "device"], [0, "socket"]],
  "the devices of two domUs": [[1, "device"], [2, "device"]],
  "two files of one domU's device": [[1, "device"], [1, "device"]],
  "two sockets": [[0, "socket"], [0, "socket"]],
  "the socket and dom0's device": [[0, "socket"], [0, "device"]],
};

for (const daemon of ["xenstored", "oxenstored"] satisfies MockStoreDaemon[]) {
  for (const [name, [ours, theirs]] of Object.entries(WAYS)) {
    describe(`the mock's ${daemon}, ${name}`, () => {
      const store = { daemon, nodes: 200, watches: 20, transactions: 5 };
      storeConformance({ test, open: () => storeTarget(new MockXen({ store }), daemon, ours, theirs) });
    });
  }
}

describe("the mock's xenstored, through a driver that keeps payloads in one buffer", () => {
  const store = { nodes: 200, watches: 20, transactions: 5 };
  storeConformance({
    test,
    open() {
      const target = storeTarget(new MockXen({ store }), "xenstored", [1, "device"], [0, "device"]);
      const { ours, theirs } = target;
      const wrap = (side: typeof ours) => ({ ...side, store: withOneBuffer(side.store) });
      return { ...target, ours: wrap(ours), theirs: wrap(theirs) };
    },
  });
});
