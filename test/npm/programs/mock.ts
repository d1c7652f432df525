/** The conformance suite on the simulated machine, as a program of any runtime imports it from the package. */

import { conformance } from "@gntalloc/gntalloc/conformance";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { type Outcome, outcomeOf } from "./tests.ts";

/**
 * Runs the suite on both profiles.
 *
 * @param core The compiled core to run on; the embedded one by default.
 */
export function testMock(core?: WebAssembly.Module): Promise<Outcome> {
  return outcomeOf((test) => {
    for (const profile of ["linux", "seed"] as const) {
      conformance({
        test: (name, run) => test(`${profile}: ${name}`, run),
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
            ...(core ? { core } : {}),
            close: () => xen.assertClean(),
          };
        },
      });
    }
  });
}
