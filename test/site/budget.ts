/** What the first lesson costs: its bytes and requests are bounded, and its time is printed. */

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
  console.log(
    `${bytes} bytes, ${requests} requests; on a processor slowed down ${SLOWDOWN} times, the buttons work after ` +
      `${await at("ready")} ms, and the editor after ${await at("editing")} ms`,
  );
  assert(bytes > 100_000 && bytes < KILOBYTES * 1000, `${bytes} bytes`);
  assert(requests > 5 && requests <= REQUESTS, `${requests} requests`);
});
