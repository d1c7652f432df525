/** The pages of the site: what axe finds, where their links lead, and whether they are there offline. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { faultsOf } from "./accessibility.ts";
import { evaluate, keepShot, SITE, Site } from "./browser.ts";
import { linksOf } from "./links.ts";
import { logged, run, runFast, whenReady } from "./playground.ts";

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

/** Waits until the service worker has kept the page that is open. */
async function whenKept(page: Page): Promise<void> {
  await evaluate(
    page,
    `(async () => {
    while (await caches.match(location.href) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  })()`,
  );
}

for (const hidesIndex of [false, true]) {
  const host = hidesIndex ? "a host that redirects" : "a plain host";
  Deno.test(`after a guide was read on ${host}, it and the playground are there offline`, async () => {
    await using site = await Site.open({ hidesIndex });
    await using visit = await site.visit("docs/xenstore.html");
    const { page, complaints } = visit;
    await whenKept(page);
    await page.goto(site.addressOf("docs/vchan.html"));
    await whenKept(page);
    await page.context().setOffline(true);
    await page.getByRole("link", { name: "Playground" }).click();
    await page.waitForURL(/play/);
    await page.goto(`${page.url()}#limit`);
    await whenReady(page);
    await runFast(page);
    await page.waitForSelector('body[data-lesson="limit"]');
    await run(page);
    assert.equal((await logged(page, "print"))[0], "granted [8, 9, 10]");
    for (const [path, title] of [["xenstore", "XenStore"], ["vchan", "vchan"]]) {
      await page.goto(site.addressOf(`docs/${path}.html`));
      assert.equal(await page.locator("h1").textContent(), title);
    }
    assert.deepEqual(complaints, []);
  });
}

Deno.test("the service worker leaves the caches of other sites alone", async () => {
  await using visit = await site.visit("icon.svg");
  const { page } = visit;
  const others = ["gntalloc-1", "gntalloc http://127.0.0.1/b/ 1"];
  for (const name of others) await evaluate(page, `caches.open("${name}").then(() => {})`);
  await page.goto(site.addressOf(""));
  await whenKept(page);
  const names = await evaluate<string[]>(page, "caches.keys()");
  assert.deepEqual(names.filter((name) => others.includes(name)).sort(), others.toSorted());
  assert.equal(names.length, others.length + 1);
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
