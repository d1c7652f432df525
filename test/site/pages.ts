/** The pages of the site: what axe finds, where their links lead, and whether they are there offline. */

import assert from "node:assert/strict";
import { faultsOf } from "./accessibility.ts";
import { keepShot, SITE, Site } from "./browser.ts";
import { linksOf } from "./links.ts";
import { logged, run, runFast, whenReady } from "./playground.ts";

const site = await Site.open();

/** Pages of each kind, and where axe looks at them. The large ones take it seconds. */
const PAGES = {
  "index.html": [["light", 1280], ["dark", 400]],
  "docs/index.html": [["light", 400], ["dark", 1280]],
  "docs/performance.html": [["dark", 400]],
  "docs/xenstore.html": [["light", 400]],
  "source/cli.html": [["dark", 1280]],
} as const;

for (const [path, looks] of Object.entries(PAGES)) {
  Deno.test(`axe finds nothing in ${path}, and it is no wider than the screen`, async () => {
    await using visit = await site.visit(path);
    const { page, complaints } = visit;
    for (const [scheme, width] of looks) {
      await keepShot(page, `${path.replace(/\W/g, "-").replace(/-html$/, "")}-${width}`, scheme, width);
      assert.deepEqual(await faultsOf(page), []);
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
    }
    assert.deepEqual(complaints, []);
  });
}

Deno.test("axe finds nothing in the playground, before and after a program", async () => {
  await using visit = await site.visit("play/#held");
  const { page, complaints } = visit;
  await whenReady(page);
  assert.deepEqual(await faultsOf(page), []);
  await runFast(page);
  await run(page);
  for (const [scheme, width] of [["light", 1280], ["dark", 1280], ["light", 400], ["dark", 400]] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    assert.deepEqual(await faultsOf(page), []);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
  }
  assert.deepEqual(complaints, []);
});

Deno.test("every link leads to a page, and every fragment to a place in it", async () => {
  const { count, dead } = await linksOf(SITE);
  assert(count > 500, `${count} links`);
  assert.deepEqual(dead, []);
});

Deno.test("the playground, and a page that was read, are there offline", async () => {
  await using visit = await site.visit("play/");
  const { page, complaints } = visit;
  await whenReady(page);
  await page.evaluate("navigator.serviceWorker.ready.then(() => {})");
  await page.goto(site.addressOf("docs/xenstore.html"));
  await page.context().setOffline(true);
  await page.goto(site.addressOf("play/#limit"));
  await whenReady(page);
  await runFast(page);
  await run(page);
  assert.equal((await logged(page, "print"))[0], "granted [8, 9, 10]");
  await page.goto(site.addressOf("docs/xenstore.html"));
  assert.equal(await page.locator("h1").textContent(), "XenStore");
  assert.deepEqual(complaints, []);
});

/** What axe finds in the markup of `deno doc`, which this project does not write. */
const OF_DENO_DOC = ["list", "page-has-heading-one", "region", "scrollable-region-focusable"];

Deno.test("the reference has a page for each class, whose colours can be read", async () => {
  await using visit = await site.visit("api/index.html");
  const { page, complaints } = visit;
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.goto(site.addressOf("api/index.html"));
    assert.deepEqual(await faultsOf(page, OF_DENO_DOC), []);
    await page.getByRole("link", { name: "GrantDevice", exact: true }).first().click();
    await page.waitForURL(/GrantDevice\.html$/);
    await keepShot(page, `reference-${scheme}`, scheme);
    assert.deepEqual(await faultsOf(page, OF_DENO_DOC), []);
  }
  assert.deepEqual(complaints, []);
});

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
