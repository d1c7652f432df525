/** What axe finds in a page. */

import axe from "axe-core";
import type { Page } from "playwright-core";
import { evaluate } from "./browser.ts";

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Runs axe with all rules, and returns what is wrong with the page. */
export async function faultsOf(page: Page): Promise<string[]> {
  await evaluate(page, axe.source);
  // Its copies of style sheets would break the policy of the page.
  const findings = await evaluate<Finding[]>(
    page,
    "axe.run({ preload: false }).then(({ violations }) => violations)",
  );
  return findings.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)
  );
}
