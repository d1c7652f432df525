/** The conformance suites on the simulated Xen, for any runtime. */

import {
  eventsConformance,
  grantsConformance,
  mapsConformance,
  storeConformance,
  vchanConformance,
} from "@gntalloc/gntalloc/conformance";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { eventsTarget, grantsTarget, smallQuotas, storeTarget, vchanTarget } from "./mock_targets.ts";
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
      const open = () => ({
        ...grantsTarget(new MockXen({ profile, memory }), profile, memory),
        ...(core ? { core } : {}),
      });
      grantsConformance({ test: (name, run) => test(`${profile}, ${memory}: ${name}`, run), open });
      mapsConformance({ test: (name, run) => test(`${profile}, ${memory}: ${name}`, run), open });
    }
    eventsConformance({ test, open: () => eventsTarget(new MockXen(), 0) });
    for (const daemon of ["xenstored", "oxenstored"] as const) {
      const { store, quotas } = smallQuotas(daemon);
      storeConformance({
        test: (name, run) => test(`${daemon}: ${name}`, run),
        quotas,
        open: () => storeTarget(new MockXen({ store }), daemon, [1, "device"], [0, "socket"]),
      });
      vchanConformance({
        test: (name, run) => test(`${daemon}: vchan: ${name}`, run),
        open: () => ({ ...vchanTarget(new MockXen({ store: { daemon } }), 1, 0), ...(core ? { core } : {}) }),
      });
    }
  });
}
