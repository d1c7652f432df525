import { describe, test } from "vitest";
import { type MockMemory, type MockProfile, MockXen } from "../../backends/mock.ts";
import { eventsConformance, grantsConformance, mapsConformance } from "../conformance/mod.ts";
import { eventsTarget, grantsTarget } from "../npm/programs/mock_targets.ts";
import { debugCore } from "../support/debug_core.ts";

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
