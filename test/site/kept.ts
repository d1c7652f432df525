/** What the service worker has kept. */

import type { Page } from "playwright-core";
import { evaluate } from "./browser.ts";

/** The guide that is kept last: they are in the order of their names. */
export const LAST_GUIDE = "docs/xenstore.html";

/** Waits until an expression of a page is true. */
export async function when(page: Page, expression: string): Promise<void> {
  await evaluate(
    page,
    `(async () => {
    while (!(${expression})) await new Promise((resolve) => setTimeout(resolve, 20));
  })()`,
  );
}

/** Waits until the service worker has kept a page. */
export function whenKept(page: Page, address = page.url()): Promise<void> {
  return when(page, `await caches.match(${JSON.stringify(address)})`);
}

/** The paths that are kept, from the root of the site. */
export function keptPaths(page: Page, root: string): Promise<string[]> {
  return evaluate(
    page,
    `(async () => {
    const [name] = await caches.keys();
    const requests = name === undefined ? [] : await (await caches.open(name)).keys();
    return requests.map(({ url }) => url.slice(${root.length})).sort();
  })()`,
  );
}
