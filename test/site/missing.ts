/** The playground says what it could not load, and what works without it. */

import assert from "node:assert/strict";
import { faultsOf } from "./accessibility.ts";
import { evaluate, Site } from "./browser.ts";
import { logged, ROUTED, run, runFast, whenReady } from "./playground.ts";

const site = await Site.open();

Deno.test("a worker that fails ends the program", async () => {
  await using visit = await site.visit("icon.svg", ROUTED);
  const { page } = visit;
  await page.route(/runner-[^/]*\.js$/, (route) => route.fulfill({ body: "const = 1;" }));
  await page.goto(site.addressOf("play/"));
  await whenReady(page);
  await run(page);
  const says = "Cannot go on with the program: its worker has failed. Change it, and run it again.";
  assert.deepEqual(await logged(page, "error"), [says]);
});

Deno.test("a program runs without the editor, and the log says that it is missing", async () => {
  await using visit = await site.visit("icon.svg", ROUTED);
  const { page } = visit;
  await page.route(/editor-[^/]*\.js$/, (route) => route.abort());
  await page.goto(site.addressOf("play/"));
  await whenReady(page);
  const says =
    "Cannot load the editor: the network is away, or something blocks it. Programs can be read, and run if " +
    "all else is there, but not changed. Load the page again once it can be reached.";
  await page.locator("#log .error", { hasText: says }).waitFor();
  const program = page.getByRole("region", { name: "The program" });
  assert.match(await program.innerText(), /^import /);
  assert.deepEqual(await faultsOf(page), []);
  await runFast(page);
  await run(page);
  assert.deepEqual(await logged(page, "print"), ["domain 0 reads hello", "domain 1 reads hi there"]);
});

Deno.test("the log says that what prepares programs is missing", async () => {
  await using visit = await site.visit("icon.svg", ROUTED);
  const { page } = visit;
  await page.route(/prepare-[^/]*\.js$/, (route) => route.abort());
  await page.goto(site.addressOf("play/"));
  await whenReady(page);
  await page.locator("#run").click();
  const says =
    "Cannot load what prepares programs: the network is away, or something blocks it. Programs can be read, " +
    "but not run. Load the page again once it can be reached.";
  await page.locator("#log .error", { hasText: says }).waitFor();
  assert.equal(await page.locator("body").getAttribute("data-state"), "idle");
});

for (
  const [status, says] of [
    [503, "Cannot load the runner: the server says 503. Load the page again."],
    [undefined, "Cannot load what runs programs: the network is away, or something blocks it."],
  ] as const
) {
  Deno.test(`the log says that the runner is missing: ${status ?? "no answer"}`, async () => {
    await using visit = await site.visit("icon.svg", ROUTED);
    const { page } = visit;
    await page.route(/runner-[^/]*\.js$/, (route) => status === undefined ? route.abort() : route.fulfill({ status }));
    await page.goto(site.addressOf("play/"));
    await page.locator("#log .error", { hasText: says }).waitFor();
    assert(await page.locator("#run").isDisabled());
    await evaluate(page, "location.hash = '#held'");
    await page.waitForSelector('body[data-lesson="held"]');
    assert.equal(await page.getByRole("status").innerText(), "Nothing can be run.");
  });
}

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
