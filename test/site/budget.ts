/**
 * What the first lesson costs: its bytes and requests are bounded, and so are the scripts that run before its buttons
 * work. Its time is printed. What the service worker loads afterwards, to work offline, is counted by itself: the same
 * files again, if the host has browsers keep none.
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { evaluate, SITE, Site } from "./browser.ts";
import { keptPaths, LAST_GUIDE, whenKept } from "./kept.ts";
import { run, runFast, whenReady } from "./playground.ts";

const KILOBYTES = 400;
const REQUESTS = 12;
/** How much slower than this machine the processor is made. */
const SLOWDOWN = 4;
/** How often the page is loaded, to print how much its time varies. */
const LOADS = 5;

/** The scripts that run before the buttons work: how large they may be together, unpacked. */
const KILOBYTES_BEFORE = 50;

/** When a page has set a mark, in milliseconds. */
function timeOf(page: Page, mark: string): Promise<number> {
  return evaluate(page, `Math.round(performance.getEntriesByName("${mark}")[0].startTime)`);
}

/** Returns the scripts of a page that were asked for before its buttons worked. */
function scriptsBefore(page: Page): Promise<{ readonly name: string; readonly bytes: number }[]> {
  return evaluate(
    page,
    `(() => {
    const [{ startTime: ready }] = performance.getEntriesByName("ready");
    return performance.getEntriesByType("resource")
      .filter(({ name, initiatorType, startTime }) => name.endsWith(".js") && !/\\/runner-/.test(name) && startTime < ready)
      .map(({ name, decodedBodySize }) => ({ name: /([a-z_]+)-[^/]*$/.exec(name)[1], bytes: decodedBodySize }));
  })()`,
  );
}

Deno.test("the buttons work before the editor is asked for", async () => {
  await using site = await Site.open();
  const times: number[] = [];
  for (let count = 0; count < LOADS; count++) {
    await using visit = await site.visit("icon.svg");
    const { page } = visit;
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
    await page.goto(site.addressOf("play/"));
    await whenReady(page);
    times.push(await timeOf(page, "ready"));
    const scripts = await scriptsBefore(page);
    assert.deepEqual(scripts.map(({ name }) => name).sort(), ["play", "register"]);
    const bytes = scripts.reduce((sum, script) => sum + script.bytes, 0);
    assert(bytes > 10_000 && bytes < KILOBYTES_BEFORE * 1000, `${bytes} bytes of scripts`);
  }
  const sorted = times.sort((one, other) => one - other);
  console.log(`on a processor slowed down ${SLOWDOWN} times, the buttons work after ${sorted.join(", ")} ms`);
});

Deno.test("the first lesson costs less than 400 kB, and at most 12 requests", async () => {
  await using site = await Site.open();
  // A service worker that begins meanwhile would answer some of the requests itself.
  await using visit = await site.visit("icon.svg", { serviceWorkers: "block" });
  const { page } = visit;
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  let bytes = 0;
  let requests = 0;
  session.on("Network.responseReceived", ({ response }) => {
    // A browser may still look for an icon of the picture that it showed before.
    if (response.url.startsWith(site.addressOf(""))) requests++;
  });
  session.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
  await page.goto(site.addressOf("play/"));
  await whenReady(page);
  await page.locator(".cm-content").waitFor();
  await runFast(page);
  await run(page);
  console.log(
    `${bytes} bytes, ${requests} requests; on a processor slowed down ${SLOWDOWN} times, the buttons work after ` +
      `${await timeOf(page, "ready")} ms, and the editor after ${await timeOf(page, "editing")} ms`,
  );
  assert(bytes > 100_000 && bytes < KILOBYTES * 1000, `${bytes} bytes`);
  assert(requests > 5 && requests <= REQUESTS, `${requests} requests`);
});

/** What the service worker keeps when the playground was opened: all of the site but the reference and the sources. */
async function expectedPaths(): Promise<string[]> {
  const paths = ["", "icon.svg", "play/"];
  for (const folder of ["assets", "docs"]) {
    for await (const { name } of Deno.readDir(`${SITE}/${folder}`)) paths.push(`${folder}/${name}`);
  }
  return paths.map((path) => path.replace(/index\.html$/, "")).sort();
}

Deno.test("the service worker keeps the playground and the guides, which costs less than 900 kB", async () => {
  await using site = await Site.open();
  await using visit = await site.visit("play/");
  const { page } = visit;
  await whenReady(page);
  await page.locator(".cm-content").waitFor();
  await whenKept(page, site.addressOf(LAST_GUIDE));
  assert.deepEqual(await keptPaths(page, site.addressOf("")), await expectedPaths());
  console.log(`the server sent ${site.bytes} bytes`);
  assert(site.bytes > 700_000 && site.bytes < 900_000, `${site.bytes} bytes`);
});
