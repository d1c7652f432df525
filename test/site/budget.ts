/**
 * What the first lesson costs: its bytes and requests are bounded, and its time is printed. What the service worker loads
 * afterwards, to work offline, is counted by itself: the same files again, if the host has browsers keep none.
 */

import assert from "node:assert/strict";
import { Site } from "./browser.ts";
import { run, runFast, whenReady } from "./playground.ts";

const KILOBYTES = 400;
const REQUESTS = 12;
/** How much slower than this machine the processor is made. */
const SLOWDOWN = 4;

Deno.test("the first lesson costs less than 400 kB and 12 requests", async () => {
  await using site = await Site.open();
  await using visit = await site.visit("icon.svg");
  const { page } = visit;
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  let bytes = 0;
  let requests = 0;
  session.on("Network.responseReceived", ({ response }) => {
    if (response.url.startsWith("http")) requests++;
  });
  session.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
  await page.goto(site.addressOf("play/"));
  await whenReady(page);
  await page.locator(".cm-content").waitFor();
  const at = (mark: string) => page.evaluate(`Math.round(performance.getEntriesByName("${mark}")[0].startTime)`);
  await runFast(page);
  await run(page);
  await page.evaluate("navigator.serviceWorker.ready.then(() => {})");
  console.log(
    `${bytes} bytes, ${requests} requests; on a processor slowed down ${SLOWDOWN} times, the buttons work after ` +
      `${await at("ready")} ms, and the editor after ${await at(
        "editing",
      )} ms; with what the service worker keeps, the server sent ${site.bytes} bytes`,
  );
  assert(bytes > 100_000 && bytes < KILOBYTES * 1000, `${bytes} bytes`);
  assert(site.bytes < 3 * KILOBYTES * 1000, `${site.bytes} bytes with what the service worker keeps`);
  assert(requests > 5 && requests <= REQUESTS, `${requests} requests`);
});
