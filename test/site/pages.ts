/** The pages of the site: what axe finds, and where their links lead. */

import assert from "node:assert/strict";
import { faultsOf } from "./accessibility.ts";
import { evaluate, keepShot, SITE, Site } from "./browser.ts";
import { linksOf } from "./links.ts";
import { run, runFast, whenReady } from "./playground.ts";

const site = await Site.open();

/** Pages of each kind, and where axe looks at them. The large ones take it seconds. */
const PAGES = {
  "index.html": [["light", 1280], ["dark", 400]],
  "docs/index.html": [["light", 400], ["dark", 1280]],
  "docs/performance.html": [["dark", 400]],
  "docs/xenstore.html": [["light", 400]],
  "docs/architecture.html": [["dark", 1280], ["light", 400]],
  "source/cli.html": [["dark", 1280]],
} as const;

for (const [path, looks] of Object.entries(PAGES)) {
  Deno.test(`axe finds nothing in ${path}, and it is no wider than the screen`, async () => {
    await using visit = await site.visit(path);
    const { page, complaints } = visit;
    for (const [scheme, width] of looks) {
      await keepShot(page, `${path.replace(/\W/g, "-").replace(/-html$/, "")}-${width}`, scheme, width);
      assert.deepEqual(await faultsOf(page), []);
      assert.equal(await evaluate(page, "document.documentElement.scrollWidth"), width);
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
  await page.locator("#back").click();
  await page.locator("#log .later").waitFor();
  for (const [scheme, width] of [["light", 1280], ["dark", 1280], ["light", 320], ["dark", 400]] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    assert.deepEqual(await faultsOf(page), []);
    assert.equal(await evaluate(page, "document.documentElement.scrollWidth"), width);
  }
  assert.deepEqual(complaints, []);
});

Deno.test("a page that does not answer ends a test", async () => {
  await using visit = await site.visit("icon.svg");
  const message = "Cannot evaluate new Promise(() => {}): the page has not answered for 10 ms";
  await assert.rejects(evaluate(visit.page, "new Promise(() => {})", 10), { message });
});

Deno.test("every link leads to a page, and every fragment to a place in it", async () => {
  const { count, dead } = await linksOf(SITE);
  assert(count > 500, `${count} links`);
  assert.deepEqual(dead, []);
});

/** A page of each kind that `deno doc` makes. */
const OF_REFERENCE = [
  "index.html",
  "all_symbols.html",
  "vchan/index.html",
  "~/GrantDevice.html",
  "~/GrantDeviceOptions.html",
  "vchan/~/Vchan.prototype.close.html",
  "xenstore/~/StoreErrorCode.html",
  "node/~/nodeDomain.html",
];

Deno.test("axe finds nothing in the reference", async () => {
  await using visit = await site.visit("api/index.html");
  const { page, complaints } = visit;
  for (const [index, path] of OF_REFERENCE.entries()) {
    const scheme = index % 2 === 0 ? "light" : "dark";
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width: index < 4 ? 1280 : 400, height: 900 });
    await page.goto(site.addressOf(`api/${path}`));
    assert.deepEqual(await faultsOf(page), [], path);
    await page.setViewportSize({ width: 400, height: 900 });
    assert.equal(await evaluate(page, "document.documentElement.scrollWidth"), 400, path);
  }
  assert.deepEqual(complaints, []);
});

Deno.test("the reference has a page for each class, whose colours can be read", async () => {
  await using visit = await site.visit("api/index.html");
  const { page, complaints } = visit;
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.goto(site.addressOf("api/index.html"));
    await page.getByRole("link", { name: "GrantDevice", exact: true }).first().click();
    await page.waitForURL(/GrantDevice\.html$/);
    await keepShot(page, `reference-${scheme}`, scheme);
    assert.deepEqual(await faultsOf(page), []);
    assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "class\u00a0GrantDevice");
    assert.match(await page.locator(".usageContent").innerText(), /import { GrantDevice } from "@gntalloc\/gntalloc";/);
  }
  assert.deepEqual(complaints, []);
});

Deno.test("the search of the reference finds a class", async () => {
  await using visit = await site.visit("api/index.html");
  const { page, complaints } = visit;
  await page.getByRole("textbox", { name: "Search the reference" }).fill("GrantMapper");
  await page.getByRole("heading", { name: "What was found" }).waitFor();
  const found = page.getByRole("main");
  assert.deepEqual(await faultsOf(page), []);
  await found.getByRole("link").first().click();
  await page.waitForURL(/GrantMapper\.html$/);
  assert.deepEqual(complaints, []);
});

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
