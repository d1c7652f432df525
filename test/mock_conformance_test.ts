import { describe, test } from "vitest";
import { type MockMemory, type MockProfile, MockXen } from "../backends/mock.ts";
import { conformance } from "./conformance.ts";
import { debugCore } from "./debug_core.ts";

const CORES: Record<string, { core?: WebAssembly.Module }> = { release: {}, debug: { core: debugCore } };

const MACHINES = (["seed", "linux"] satisfies MockProfile[]).flatMap((profile) =>
  (["buffers", "slabs"] satisfies MockMemory[]).map((memory) => ({ profile, memory }))
);

for (const { profile, memory } of MACHINES) {
  for (const [build, core] of Object.entries(CORES)) {
    describe(`the mock, profile ${profile}, memory in ${memory}, ${build} core`, () => {
      conformance({
        test,
        open() {
          const xen = new MockXen({ profile, memory });
          const domain = xen.domain(1);
          return {
            grantBackend: domain.grantBackend(),
            granter: 1,
            mapBackend: xen.domain(0).mapBackend(),
            peer: 0,
            setLimit: (pages) => domain.limit = pages,
            keptViews: memory === "slabs" ? "alive" : "detached",
            heldPagesCount: profile === "seed",
            ...core,
            close: () => xen.assertClean(),
          };
        },
      });
    });
  }
}
