import type { StoreConformanceOptions } from "../target.ts";
import { domains } from "./domains.ts";
import { listing } from "./listing.ts";
import { assertHas, assertLacks, needing, type StoreTests } from "./needs.ts";
import { nodes } from "./nodes.ts";
import { quotasOf } from "./quotas.ts";
import { requests } from "./requests.ts";
import { rights } from "./rights.ts";
import { StoreSetup } from "./setup.ts";
import { transactions } from "./transactions.ts";
import { waiting } from "./waiting.ts";
import { watching } from "./watching.ts";

/**
 * Registers all tests of what the client of XenStore can do on a backend, except those that need what the target is
 * declared to lack.
 *
 * @throws {Error} if the options give quotas, but say that the target lacks a domain that has quotas.
 */
export function storeConformance({ test, open, lacks = [], quotas = {} }: StoreConformanceOptions): void {
  if (lacks.includes("unprivileged domain") && Object.keys(quotas).length > 0) {
    throw new Error('Cannot test quotas: the target lacks "unprivileged domain". Remove `quotas`.');
  }
  const groups: Readonly<Record<string, StoreTests>> = {
    target: { "lacks what it declares, and nothing else": (setup) => assertLacks(setup, lacks) },
    nodes,
    list: listing,
    rights,
    watches: watching,
    waitFor: waiting,
    transactions,
    requests,
    domains,
    quotas: quotasOf(quotas),
  };
  for (const [group, tests] of Object.entries(groups)) {
    for (const [name, each] of Object.entries(tests)) {
      const { needs, run } = typeof each === "function" ? needing([], each) : each;
      if (needs.some((need) => lacks.includes(need))) continue;
      test(`${group}: ${name}`, async () => {
        const target = await open();
        try {
          const setup = await StoreSetup.open(target);
          try {
            await assertHas(setup, needs);
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
