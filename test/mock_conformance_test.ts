import { describe, test } from "vitest";
import { type MockProfile, MockXen } from "../backends/mock.ts";
import { conformance } from "./conformance.ts";
import { debugCore } from "./debug_core.ts";

const CORES: Record<string, { core?: WebAssembly.Module }> = { release: {}, debug: { core: debugCore } };

for (const profile of ["seed", "linux"] satisfies MockProfile[]) {
  for (const [build, core] of Object.entries(CORES)) {
    describe(`the mock, profile ${profile}, ${build} core`, () => {
      conformance({
        test,
        open() {
          const xen = new MockXen({ profile });
          const domain = xen.domain(1);
          return {
            grantBackend: domain.grantBackend(),
            granter: 1,
            mapBackend: xen.domain(0).mapBackend(),
            peer: 0,
            setLimit: (pages) => domain.limit = pages,
            heldPagesCount: profile === "seed",
            ...core,
            close: () => xen.assertClean(),
          };
        },
      });
    });
  }
}
