/** What axe finds in a page. */

import axe from "axe-core";
import type { Page } from "playwright-core";

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/**
 * Runs axe, and returns what is wrong with the page.
 *
 * @param without Rules that are left out.
 */
export async function faultsOf(page: Page, without: readonly string[] = []): Promise<string[]> {
  await page.evaluate(axe.source);
  const rules = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
  // Its copies of style sheets would break the policy of the page.
  const options = JSON.stringify({ preload: false, rules });
  const findings = await page.evaluate(`axe.run(${options}).then(({ violations }) => violations)`) as Finding[];
  return findings.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)
  );
}
