import { describe, test } from "vitest";
import { type MockMemory, type MockProfile, MockXen } from "../../backends/mock.ts";
import { conformance, eventsConformance, mapperConformance } from "../conformance/mod.ts";
import { debugCore } from "../support/debug_core.ts";

const CORES: Record<string, { core?: WebAssembly.Module }> = { release: {}, debug: { core: debugCore } };

const MACHINES = (["seed", "linux"] satisfies MockProfile[]).flatMap((profile) =>
  (["buffers", "slabs"] satisfies MockMemory[]).map((memory) => ({ profile, memory }))
);

for (const { profile, memory } of MACHINES) {
  for (const [build, core] of Object.entries(CORES)) {
    describe(`the mock, profile ${profile}, memory in ${memory}, ${build} core`, () => {
      const open = () => {
        const xen = new MockXen({ profile, memory });
        const [domain, peer] = [xen.domain(1), xen.domain(0)];
        return {
          grantBackend: domain.grantBackend(),
          granter: 1,
          granterEvents: domain.eventBackend(),
          mapBackend: peer.mapBackend(),
          peer: 0,
          peerEvents: peer.eventBackend(),
          joinsPages: false,
          setLimit: (pages: number) => void (domain.limit = pages),
          keptViews: memory === "slabs" ? "alive" as const : "detached" as const,
          heldPagesCount: profile === "seed",
          ...core,
          close: () => xen.assertClean(),
        };
      };
      conformance({ test, open });
      mapperConformance({ test, open });
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
          eventBackend: xen.domain(1).eventBackend(),
          domid: 1,
          peerBackend: xen.domain(peer).eventBackend(),
          peer,
          close: () => xen.assertClean(),
        };
      },
    });
  });
}
