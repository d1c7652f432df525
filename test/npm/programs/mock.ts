/** The conformance suites on the simulated Xen, for any runtime. */

import { eventsConformance, grantsConformance, mapsConformance } from "@gntalloc/gntalloc/conformance";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { type Outcome, outcomeOf } from "./tests.ts";

/**
 * Runs the suites with both profiles and both kinds of memory.
 *
 * @param core The compiled core. Default is the embedded one.
 */
export function testMock(core?: WebAssembly.Module): Promise<Outcome> {
  return outcomeOf((test) => {
    const machines = ["linux-6.1", "linux-5.16"] as const;
    for (const [profile, memory] of machines.flatMap((one) => [[one, "buffers"], [one, "slabs"]] as const)) {
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
          ...(core ? { core } : {}),
          close: () => xen.assertClean(),
        };
      };
      grantsConformance({ test: (name, run) => test(`${profile}, ${memory}: ${name}`, run), open });
      mapsConformance({ test: (name, run) => test(`${profile}, ${memory}: ${name}`, run), open });
    }
    eventsConformance({
      test,
      open() {
        const xen = new MockXen();
        return {
          domain: xen.domain(1),
          domid: 1,
          peer: xen.domain(0),
          peerDomid: 0,
          close: () => xen.assertClean(),
        };
      },
    });
  });
}
