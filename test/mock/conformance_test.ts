import { describe, test } from "vitest";
import { type MockMemory, type MockProfile, MockXen } from "../../backends/mock.ts";
import { eventsConformance, grantsConformance, mapsConformance } from "../conformance/mod.ts";
import { debugCore } from "../support/debug_core.ts";

const CORES: Record<string, { core?: WebAssembly.Module }> = { release: {}, debug: { core: debugCore } };

const MACHINES = (["linux-5.16", "linux-6.1"] satisfies MockProfile[]).flatMap((profile) =>
  (["buffers", "slabs"] satisfies MockMemory[]).map((memory) => ({ profile, memory }))
);

for (const { profile, memory } of MACHINES) {
  for (const [build, core] of Object.entries(CORES)) {
    describe(`the mock, profile ${profile}, memory in ${memory}, ${build} core`, () => {
      const open = () => {
        const xen = new MockXen({ profile, memory });
        const granter = xen.domain(1);
        return {
          granter,
          granterDomid: 1,
          peer: xen.domain(0),
          peerDomid: 0,
          joinsPages: false,
          setLimit: (pages: number) => void (granter.limit = pages),
          keptViews: memory === "slabs" ? "alive" as const : "detached" as const,
          heldPagesCount: profile === "linux-5.16",
          ...core,
          close: () => xen.assertClean(),
        };
      };
      grantsConformance({ test, open });
      mapsConformance({ test, open });
    });
  }
}

for (const [peer, where] of [[0, "between two domains"], [1, "inside of one"]] as const) {
  describe(`the mock, ${where}`, () => {
    eventsConformance({
      test,
      open() {
        const xen = new MockXen();
        return {
          domain: xen.domain(1),
          domid: 1,
          peer: xen.domain(peer),
          peerDomid: peer,
          close: () => xen.assertClean(),
        };
      },
    });
  });
}
