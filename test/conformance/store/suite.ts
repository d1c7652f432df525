import type { StoreConformanceOptions } from "../target.ts";
import { domains } from "./domains.ts";
import { listing } from "./listing.ts";
import { nodes } from "./nodes.ts";
import { quotas } from "./quotas.ts";
import { requests } from "./requests.ts";
import { rights } from "./rights.ts";
import { StoreSetup } from "./setup.ts";
import { transactions } from "./transactions.ts";
import { waiting } from "./waiting.ts";
import { watching } from "./watching.ts";

const GROUPS = {
  nodes,
  list: listing,
  rights,
  watches: watching,
  waitFor: waiting,
  transactions,
  requests,
  domains,
  quotas,
};

/** Registers all tests of what the client of XenStore can do on a backend. */
export function storeConformance(options: StoreConformanceOptions): void {
  for (const [group, tests] of Object.entries(GROUPS)) {
    for (const [name, run] of Object.entries(tests)) {
      options.test(`${group}: ${name}`, async () => {
        const target = await options.open();
        try {
          const setup = await StoreSetup.open(target);
          try {
            await run(setup);
          } finally {
            await setup.close();
          }
        } finally {
          target.close();
        }
      });
    }
  }
}
