/** What the first lesson costs: its bytes and requests are bounded, and its time is printed. */

import assert from "node:assert/strict";
import { Site } from "./browser.ts";
import { run, runFast, whenReady } from "./playground.ts";

const KILOBYTES = 400;
const REQUESTS = 10;
/** How much slower than this machine the processor is made. */
const SLOWDOWN = 4;

Deno.test("the first lesson costs less than 400 kB and 10 requests", async () => {
  await using site = await Site.open();
  await using visit = await site.visit("icon.svg");
  const { page } = visit;
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  // Counts the time in which the page's thread ran: how busy the machine is makes no difference.
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  let bytes = 0;
  let requests = 0;
  session.on("Network.responseReceived", ({ response }) => {
    if (response.url.startsWith("http")) requests++;
  });
  session.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
  await page.goto(site.addressOf("play/"));
  await whenReady(page);
  const { metrics } = await session.send("Performance.getMetrics");
  const busy = metrics.find(({ name }) => name === "TaskDuration")!.value;
  const ready = await page.evaluate("performance.getEntriesByName('ready')[0].startTime") as number;
  await runFast(page);
  await run(page);
  console.log(
    `${bytes} bytes, ${requests} requests; interactive after ${Math.round(ready)} ms on a processor slowed down ` +
      `${SLOWDOWN} times, of which the page ran for ${Math.round(busy * 1000)} ms`,
  );
  assert(bytes > 100_000 && bytes < KILOBYTES * 1000, `${bytes} bytes`);
  assert(requests > 5 && requests <= REQUESTS, `${requests} requests`);
});
