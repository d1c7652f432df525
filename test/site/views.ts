/** What the playground shows of a machine, and how. */

import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { evaluate, Site } from "./browser.ts";
import { run, runFast, stepTo, visiting, whenReady, writeProgram } from "./playground.ts";

const site = await Site.open();

Deno.test("a step marks what a call has changed, and Back shows what was before", () =>
  visiting(site, "play/", async ({ page }) => {
    const one = page.getByRole("region", { name: "Domain 1" });
    await stepTo(page, 3);
    assert.deepEqual(await one.locator(".changed").allTextContents(), [
      "8 → domain 0, writable: granted new",
      "1 of its own pages new",
    ]);
    await stepTo(page, 4);
    assert.deepEqual(await one.locator("mark").allInnerTexts(), ["68", "65", "6c", "6c", "6f"]);
    assert.equal(await one.locator("figcaption").textContent(), "Page 8 5 bytes changed");
    assert.equal(await one.locator(".changed").count(), 0);
    await page.locator("#back").click();
    await page.waitForSelector('body[data-frame="3"]');
    assert.equal(await one.locator(".changed").count(), 2);
    assert.equal(await one.locator(".ascii").count(), 0);
  }));

Deno.test("what colours say is said in words, and buttons keep the focus", () =>
  visiting(site, "play/", async ({ page }) => {
    assert.equal(await page.locator("#pace").getAttribute("aria-valuetext"), "no pauses");
    await page.locator("#pace").fill("5");
    assert.equal(await page.locator("#pace").getAttribute("aria-valuetext"), "0.1 seconds for a statement");
    await writeProgram(page, "let a;\na = 1;");
    const step = async (frame: number) => {
      await page.locator("#step").press("Enter");
      await page.waitForSelector(`body[data-frame="${frame}"]`);
    };
    await step(0);
    await step(1);
    assert.equal(await page.getByRole("status").innerText(), "Line 2 comes next.");
    assert.equal(await page.locator('[aria-current="step"]').innerText(), "a = 1;");
    await page.locator("#back").press("Enter");
    assert.equal(await page.getByRole("status").innerText(), "Line 1 came next.");
    assert.equal(await page.locator("#back").getAttribute("aria-disabled"), "true");
    assert.equal(await evaluate(page, "document.activeElement.id"), "back");
    await step(1);
    await step(2);
    await page.waitForSelector("body[data-state=ended]");
    assert.equal(await page.locator("#step").getAttribute("aria-disabled"), "true");
    assert.equal(
      await page.getByRole("status").innerText(),
      "This is the end. To step from the beginning, press Stop.",
    );
    await page.locator("#step").press("Enter");
    assert.equal(await page.locator("body").getAttribute("data-state"), "ended");
    await page.locator("#back").press("Enter");
    await page.waitForSelector('body[data-frame="1"]');
    await step(2);
    await page.locator("#stop").press("Enter");
    await page.waitForSelector("body[data-state=idle]");
    assert.equal(await evaluate(page, "document.activeElement.id"), "stop");
    await step(0);
  }));

Deno.test("rows say in words what has happened to them", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(
      page,
      `import { EventChannels, GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { XenStore } from "@gntalloc/gntalloc/xenstore";
const xen = new MockXen();
const [dom0, dom1] = [xen.domain(0), xen.domain(1)];
const share = new GrantDevice(dom1).open().share(0);
new GrantMapper(dom0).map(1, share.grefs);
const bell = new EventChannels(dom1).bindUnbound(0);
new EventChannels(dom0).bindInterdomain(1, bell.port);
bell.notify();
const store = await XenStore.open(dom1);
await store.write("data/a", 1);
await store.write("data/a", 2);
`,
    );
    const one = page.getByRole("region", { name: "Domain 1" });
    const rowsAfter = async (frame: number, rows: Locator) => {
      await stepTo(page, frame);
      return await rows.allTextContents();
    };
    assert.deepEqual(await rowsAfter(3, one.locator("li")), ["8 → domain 0: granted new", "1 of its own pages new"]);
    assert.deepEqual(await rowsAfter(4, one.locator("li")), ["8 → domain 0: mapped changed", "1 of its own pages"]);
    const port = one.locator(".channel");
    assert.deepEqual(await rowsAfter(5, port), ["port 1: waits for domain 0 new"]);
    assert.deepEqual(await rowsAfter(6, port), ["port 1 ↔ port 1 of domain 0 changed"]);
    assert.deepEqual(await rowsAfter(7, port), ["port 1 ↔ port 1 of domain 0 event"]);
    const node = page.locator("#store li");
    assert.deepEqual(await rowsAfter(9, node), ["a = 1 new"]);
    assert.deepEqual(await rowsAfter(10, node), ["a = 2 changed"]);
  }));

Deno.test("a row of grants is marked if they have changed, not if they are put together in another way", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(
      page,
      `import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
const xen = new MockXen();
const domain = xen.domain(1);
const allocator = new GrantDevice(domain).open();
allocator.allocate(0, { pages: 3 });
const mapping = new GrantMapper(xen.domain(0)).map(1, [9]);
mapping.unmap();
allocator.allocate(0);
domain.saveAndRestore({ domid: 7 });
domain.saveAndRestore({ domid: 8 });
`,
    );
    const rowsAfter = async (frame: number, domid: number) => {
      await stepTo(page, frame);
      return await page.getByRole("region", { name: `Domain ${domid}` }).locator("li").allTextContents();
    };
    assert.deepEqual(await rowsAfter(4, 1), ["8 to 10 → domain 0: granted new"]);
    assert.deepEqual(await rowsAfter(5, 1), [
      "8 → domain 0: granted",
      "9 → domain 0: mapped changed",
      "10 → domain 0: granted",
    ]);
    assert.deepEqual(await rowsAfter(6, 1), ["8 to 10 → domain 0: granted changed"]);
    assert.deepEqual(await rowsAfter(7, 1), ["8 to 11 → domain 0: granted changed"]);
    assert.deepEqual(await rowsAfter(8, 7), ["8 to 11 → domain 0: void changed"]);
    // Nobody can read the pages now: they are shown as they were last.
    assert.equal(await page.locator("#domains .hex").count(), 3);
    assert.deepEqual(await rowsAfter(9, 8), ["8 to 11 → domain 0: void"]);
  }));

Deno.test("a page that its own domain maps is shown once, with both mappings", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(
      page,
      `import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
const domain = new MockXen().domain(1);
const share = new GrantDevice(domain).open().share(1);
new GrantMapper(domain).map(1, share.grefs);
`,
    );
    await run(page);
    const one = page.getByRole("region", { name: "Domain 1" });
    await one.getByText("8 → domain 1: mapped").waitFor();
    assert.deepEqual(await one.locator("li").allTextContents(), [
      "8 → domain 1: mapped changed",
      "1 of its own pages",
      "8 of domain 1 new",
    ]);
    assert.deepEqual(await one.locator("figcaption").allTextContents(), ["Page 8"]);
  }));

Deno.test("Back sets apart what came later", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(page, 'console.log("one");\nconsole.log("two");\nconsole.log("three");');
    await run(page);
    const lines = () => page.locator("#log p").allTextContents();
    const end = "The program has ended.";
    assert.deepEqual(await lines(), ["one", "two", "three", end]);
    const later = "What follows came later:";
    const back = async (frame: number) => {
      await page.locator("#back").click();
      await page.waitForSelector(`body[data-frame="${frame}"]`);
      return await lines();
    };
    assert.deepEqual(await back(2), ["one", "two", later, "three", end]);
    assert.deepEqual(await back(1), ["one", later, "two", "three", end]);
    assert.deepEqual(await back(0), [later, "one", "two", "three", end]);
    await stepTo(page, 3);
    assert.deepEqual(await lines(), ["one", "two", "three", end]);
  }));

Deno.test("the log says whether a program has left something behind", () =>
  visiting(site, "play/", async ({ page }) => {
    const end = async () => (await page.locator("#log .end").allTextContents()).at(-1);
    await run(page);
    assert.equal(await end(), "The program has ended, and nothing is left of what it had.");
    await page.locator("#lesson").selectOption("events");
    await page.waitForSelector('body[data-lesson="events"]');
    await run(page);
    assert.equal(await end(), "The program has ended. What it has not given back is still there.");
    await writeProgram(page, "1;");
    await run(page);
    assert.equal(await end(), "The program has ended.");
  }));

Deno.test("another lesson takes the picture of the last one away, even if that was changed", () =>
  visiting(site, "play/", async ({ page }) => {
    await run(page);
    await page.locator(".cm-content").click();
    await page.keyboard.type(" ");
    assert.equal(await page.locator(".domain").count(), 2);
    await page.locator("#lesson").selectOption("held");
    await page.waitForSelector('body[data-lesson="held"]');
    assert.equal(await page.locator(".domain").count(), 0);
    assert.equal(await page.locator("#log p").count(), 0);
  }));

Deno.test("on a phone the buttons stay in sight, and nothing is wider than the screen", async () => {
  await using visit = await site.visit("icon.svg", { viewport: { width: 320, height: 600 } });
  const { page, complaints } = visit;
  await page.goto(site.addressOf("play/#vchan"));
  await whenReady(page);
  await runFast(page);
  await run(page);
  for (let steps = 0; steps < 8; steps++) await page.locator("#back").click();
  for (const place of ["#log", "#world", ".domain", "#store", "#picture"]) {
    await page.locator(place).last().evaluate((found: { scrollIntoView(): void }) => found.scrollIntoView());
    for (const id of ["run", "step", "back", "stop"]) {
      const { top, bottom } = await page.locator(`#${id}`).evaluate((button: { getBoundingClientRect(): DOMRect }) =>
        button.getBoundingClientRect()
      );
      assert(top >= 0 && bottom < 60, `${id} at ${place}: ${top} to ${bottom}`);
    }
  }
  // The text scrolls to the line that runs, and the page stays where its reader looks.
  await page.locator(".domain").last().evaluate((found: { scrollIntoView(): void }) => found.scrollIntoView());
  const place = await evaluate(page, "Math.round(scrollY)");
  // Playwright's own click would scroll.
  await page.locator("#step").dispatchEvent("click");
  await page.locator(".cm-content .current-line").waitFor({ state: "attached" });
  await evaluate(page, "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
  assert.equal(await evaluate(page, "Math.round(scrollY)"), place);
  const wide = await evaluate(
    page,
    `[...document.querySelectorAll("main *")]
    .filter((each) => !each.closest("svg, .hidden") && each.getBoundingClientRect().right > innerWidth)
    .map((each) => each.outerHTML.slice(0, 100))`,
  );
  assert.deepEqual(wide, []);
  assert.equal(await evaluate(page, "document.documentElement.scrollWidth"), 320);
  assert.deepEqual(complaints, []);
});

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
