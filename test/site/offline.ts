/** What the service worker keeps: what is there offline, and that nothing of it is old. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { evaluate, Site } from "./browser.ts";
import { LAST_GUIDE, when, whenKept } from "./kept.ts";
import { logged, run, runFast, whenReady } from "./playground.ts";

/** A page that is kept only once it was read. */
const SOURCE = "source/cli.html";
/** The first guide that is kept. */
const HELD = "docs/architecture.html";

/** The heading of a page that is opened. */
async function headingOf(page: Page, address: string): Promise<string> {
  await page.goto(address);
  // The reference has another one, of what was found, which is hidden.
  return await page.locator("h1").last().innerText();
}

for (const hidesIndex of [false, true]) {
  const host = hidesIndex ? "a host that redirects" : "a plain host";
  Deno.test(`after a guide was read on ${host}, the playground is there offline`, async () => {
    await using site = await Site.open({ hidesIndex });
    await using visit = await site.visit("docs/xenstore.html");
    const { page, complaints } = visit;
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
    assert.deepEqual(complaints, []);
  });

  Deno.test(`after the playground was opened on ${host}, guides that nobody has read are there offline`, async () => {
    await using site = await Site.open({ hidesIndex });
    await using visit = await site.visit("play/index.html");
    const { page, complaints } = visit;
    await whenKept(page, site.addressOf(LAST_GUIDE));
    await page.context().setOffline(true);
    assert.equal(await headingOf(page, site.addressOf(LAST_GUIDE)), "XenStore");
    assert.equal(await headingOf(page, site.addressOf("docs/performance.html")), "Performance");
    await evaluate(page, "document.querySelector('img[src$=\"performance.svg\"]').decode()");
    await page.getByRole("link", { name: "Guides", exact: true }).click();
    await page.waitForURL(/docs\/(index\.html)?$/);
    assert.deepEqual(complaints, []);
  });

  Deno.test(`a page of the reference that was read on ${host} is there offline`, async () => {
    await using site = await Site.open({ hidesIndex });
    await using visit = await site.visit(SOURCE);
    const { page, complaints } = visit;
    await whenKept(page);
    const heading = await headingOf(page, site.addressOf("api/index.html"));
    await whenKept(page, site.addressOf("api/"));
    await page.context().setOffline(true);
    assert.equal(await headingOf(page, site.addressOf(SOURCE)), "cli");
    assert.equal(await headingOf(page, site.addressOf("api/index.html")), heading);
    assert.deepEqual(complaints, []);
  });
}

Deno.test("a guide that is never answered keeps nobody from the playground offline, nor from pages", async () => {
  await using site = await Site.open();
  await using visit = await site.visit("icon.svg");
  const { page } = visit;
  using _held = site.hold(HELD);
  await page.goto(site.addressOf("play/"));
  await evaluate(page, "navigator.serviceWorker.ready.then(() => {})");
  assert.equal(await headingOf(page, site.addressOf(SOURCE)), "cli");
  await page.context().setOffline(true);
  await page.goto(site.addressOf("play/"));
  await whenReady(page);
});

Deno.test("a new version shows no page that the browser has from the old one", async () => {
  await using site = await Site.open({ isCached: true });
  await using visit = await site.visit(SOURCE);
  const { page } = visit;
  await whenKept(page);
  await site.change(SOURCE, (text) => text.replace("<h1>cli", "<h1>new"));
  await site.change("sw.js", (text) => text.replace(/VERSION = ".*"/, 'VERSION = "new"'));
  assert.equal(await headingOf(page, site.addressOf(SOURCE)), "cli");
  await evaluate(page, "navigator.serviceWorker.ready.then((registration) => registration.update()).then(() => {})");
  await when(page, "(await navigator.serviceWorker.ready).waiting");
  // The new worker takes over when no page of the site is open.
  await page.goto(new URL("/", site.addressOf("")).href);
  await when(page, "(await caches.keys()).every((name) => name.endsWith(' new'))");
  assert.equal(await headingOf(page, site.addressOf(SOURCE)), "new");
});

Deno.test("the page that is open when the worker begins is kept as the server has it now", async () => {
  await using site = await Site.open({ isCached: true });
  await using visit = await site.visit("icon.svg");
  const { page } = visit;
  await evaluate(page, `fetch(${JSON.stringify(site.addressOf(SOURCE))}).then((answer) => answer.text())`);
  await site.change(SOURCE, (text) => text.replace("<h1>cli", "<h1>new"));
  // The browser asks no server, and no worker does so for it yet.
  assert.equal(await headingOf(page, site.addressOf(SOURCE)), "cli");
  await whenKept(page);
  assert.equal(await headingOf(page, site.addressOf(SOURCE)), "new");
});

Deno.test("the service worker leaves the caches of other sites alone", async () => {
  await using site = await Site.open();
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
