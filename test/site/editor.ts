/** The editor, and all that is done with the keyboard. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { faultsOf } from "./accessibility.ts";
import { evaluate, Site } from "./browser.ts";
import { programOf, ROUTED, visiting, whenReady, writeProgram } from "./playground.ts";

const site = await Site.open();

Deno.test("the editor completes and explains names from the docs", () =>
  visiting(site, "play/", async ({ page }) => {
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("share.");
    const options = page.locator(".cm-completionLabel");
    // Before the dot, names that begin with “share” were there.
    await options.getByText("grefs", { exact: true }).waitFor();
    const names = await options.allInnerTexts();
    assert(names.includes("grefs") && names.includes("release") && !names.includes("map"), names.join());
    await page.keyboard.press("Escape");
    await page.locator(".tok-className", { hasText: "GrantMapper" }).last().hover();
    await page.locator(".cm-tooltip-hover", { hasText: "maps pages that other domains have granted" }).waitFor();
  }));

Deno.test("all can be done with the keyboard", () =>
  visiting(site, "play/", async ({ page }) => {
    const focused = () =>
      evaluate<string>(
        page,
        "(document.activeElement.shadowRoot?.activeElement ?? document.activeElement).id || " +
          "document.activeElement.shadowRoot?.activeElement?.className || document.activeElement.textContent",
      );
    await page.locator(".cm-content").waitFor();
    await page.locator("#lesson").focus();
    const order = [];
    for (let presses = 0; presses < 7; presses++) {
      await page.keyboard.press("Tab");
      order.push(await focused());
    }
    assert.deepEqual(order.slice(0, 6), ["share", "run", "step", "back", "stop", "pace"]);
    assert.match(order[6]!, /cm-content/);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "reset");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "log");
    await page.locator("#run").focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector("body[data-state=ended]");
    await page.locator("#back").focus();
    for (let presses = 0; presses < 2; presses++) await page.keyboard.press("Space");
    await page.getByRole("region", { name: "Domain 1" }).getByText("8 → domain 0, writable: granted").waitFor();
  }));

/** Opens the playground while its editor is held back, and lets it come when asked. */
async function withoutEditor(page: Page): Promise<() => Promise<void>> {
  const gate = Promise.withResolvers<void>();
  await page.route(/editor-[^/]*\.js$/, async (route) => {
    await gate.promise;
    await route.continue();
  });
  await page.goto(site.addressOf("play/#ring"));
  await whenReady(page);
  return async () => {
    gate.resolve();
    await page.locator(".cm-content").waitFor();
  };
}

Deno.test("the editor takes over the focus and the place of the text", async () => {
  await using visit = await site.visit("icon.svg", ROUTED);
  const { page } = visit;
  const edit = await withoutEditor(page);
  const text = page.getByRole("region", { name: "The program" });
  await text.focus();
  await text.evaluate((pre: { scrollTop: number }) => pre.scrollTop = 200);
  await edit();
  assert.equal(
    await evaluate(page, "document.activeElement.shadowRoot?.activeElement?.className.split(' ')[0]"),
    "cm-content",
  );
  await page.waitForFunction(
    "document.querySelector('#editor').shadowRoot.querySelector('.cm-scroller').scrollTop === 200",
  );
  assert.equal(await text.count(), 0);
});

Deno.test("the editor leaves the focus where it is", async () => {
  await using visit = await site.visit("icon.svg", ROUTED);
  const { page } = visit;
  const edit = await withoutEditor(page);
  await page.locator("#lesson").focus();
  await edit();
  assert.equal(await evaluate(page, "document.activeElement.id"), "lesson");
});

Deno.test("a lesson that was opened cannot be undone", () =>
  visiting(site, "play/", async ({ page }) => {
    const first = await programOf(page);
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+z");
    assert.equal(await programOf(page), first);
    await page.keyboard.type("// mine");
    await page.locator("#lesson").selectOption("held");
    await page.waitForSelector('body[data-lesson="held"]');
    const held = await programOf(page);
    assert.match(held, /share\.release/);
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+z");
    assert.equal(await programOf(page), held);
  }));

Deno.test("every key that changes the program ends the one that runs", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(page, "1;\n2;\n3;\n4;\n5;");
    for (const key of ["Alt+ArrowDown", "Shift+Alt+ArrowDown", "Control+/", "Control+Shift+k", "Control+z", "Tab"]) {
      await page.locator("#stop").press("Enter");
      await page.locator("#step").click();
      await page.waitForSelector("body[data-state=paused][data-frame]");
      await page.locator(".cm-line").nth(2).click();
      await page.keyboard.press(key);
      assert.equal(await page.locator("body").getAttribute("data-state"), "idle", key);
    }
    await page.locator("#step").click();
    await page.waitForSelector("body[data-state=paused][data-frame]");
    for (const key of ["ArrowDown", "Control+a"]) await page.keyboard.press(key);
    assert.equal(await page.locator("body").getAttribute("data-state"), "paused");
  }));

Deno.test("the editor shows programs in colours", () =>
  visiting(site, "play/", async ({ page }) => {
    const colours = await Promise.all(
      [".cm-content", ".tok-keyword", ".tok-string", ".tok-comment"].map((part) =>
        page.locator(part).first().evaluate((shown) => getComputedStyle(shown).color)
      ),
    );
    assert.equal(new Set(colours).size, 4, colours.join());
  }));

Deno.test("characters that cannot be seen are shown, and a link that brings some says so", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(page, "a\u202a\u202e\u200b\u2068\u3164\u{e0041}\u2028\u0007b;");
    assert.equal(await page.locator(".cm-specialChar").count(), 8);
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
    await page.reload();
    await whenReady(page);
    assert.match(await page.locator("#about").innerText(), /It has characters that cannot be seen/);
    await page.locator(".cm-content").waitFor();
    assert.equal(await page.locator(".cm-specialChar").count(), 8);
    assert.deepEqual(await faultsOf(page), []);
  }));

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
