/** Addresses carry lessons and programs, and what the reader changes is kept. */

import assert from "node:assert/strict";
import { fragmentOf } from "../../site/src/play/link.ts";
import { evaluate, Site } from "./browser.ts";
import { logged, programOf, run, visiting, whenReady, writeProgram } from "./playground.ts";

const site = await Site.open();

Deno.test("a link carries the program", () =>
  visiting(site, "play/", async ({ page }) => {
    const program = 'console.log("hé, 你好");\n';
    await writeProgram(page, program);
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
    await using other = await site.visit(page.url().slice(site.addressOf("").length));
    await whenReady(other.page);
    assert.match(await other.page.locator("#about").innerText(), /Read it before you run it/);
    assert.equal(await other.page.locator("#lesson option:checked").textContent(), "A program from a link");
    assert.equal(await other.page.title(), "A program from a link · gntalloc");
    await run(other.page);
    assert.deepEqual(await logged(other.page, "print"), ["hé, 你好"]);
    assert.deepEqual(other.complaints, []);
  }));

Deno.test("a broken link says so, and a link to a place in the page keeps the program", () =>
  visiting(site, "play/#program=S9TQ", async ({ page }) => {
    const broken = "Cannot open the program: the link is broken. Ask the sender for its text.";
    assert.deepEqual(await logged(page, "error"), [broken]);
    assert.equal(await page.locator("body").getAttribute("data-lesson"), "share");
    await writeProgram(page, 'console.log("mine");');
    await page.locator(".skip").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/#main$/);
    assert.equal(await evaluate(page, "document.activeElement.id"), "main");
    await evaluate(page, "location.hash = '#program=S9TQ'");
    await page.locator("#log .error").nth(1).waitFor();
    await run(page);
    assert.deepEqual(await logged(page, "print"), ["mine"]);
  }));

Deno.test("of two addresses the later one is opened", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(page, "console.log(1);\n".repeat(100));
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
    await evaluate(
      page,
      `new Promise((resolve) => {
      const program = location.hash;
      location.hash = "#held";
      addEventListener("hashchange", () => {
        addEventListener("hashchange", () => {
          location.hash = "#limit";
          addEventListener("hashchange", () => setTimeout(resolve, 500), { once: true });
        }, { once: true });
        location.hash = program;
      }, { once: true });
    })`,
    );
    assert.equal(await page.locator("body").getAttribute("data-lesson"), "limit");
  }));

Deno.test("an address that is opened while the first program is unpacked stays", async () => {
  await using visit = await site.visit("icon.svg");
  const { page } = visit;
  await page.addInitScript(`{
    const Fast = DecompressionStream;
    // Gives nothing before another address was opened.
    globalThis.DecompressionStream = class {
      constructor(format) {
        const opened = new Promise((resolve) => addEventListener("hashchange", () => setTimeout(resolve)));
        const { readable, writable } = new Fast(format);
        const late = new TransformStream({ transform: (chunk, to) => opened.then(() => to.enqueue(chunk)) });
        Object.assign(this, { writable, readable: readable.pipeThrough(late) });
        location.hash = "#limit";
      }
    };
  }`);
  await page.goto(site.addressOf(`play/${await fragmentOf("console.log(1);")}`));
  await whenReady(page);
  assert.equal(await page.locator("body").getAttribute("data-lesson"), "limit");
});

Deno.test("the link to a lesson that was not changed is short", () =>
  visiting(site, "play/#held", async ({ page }) => {
    await page.locator("#share").click();
    await page.locator("#log .end", { hasText: "The link to this lesson " }).waitFor();
    assert.equal(new URL(page.url()).hash, "#held");
    await page.locator(".cm-content").click();
    await page.keyboard.type(" ");
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
  }));

for (const storage of ["keeps", "refuses to keep"]) {
  Deno.test(`what the reader has changed is there again, in a browser that ${storage} things`, async () => {
    await using visit = await site.visit("icon.svg");
    const { page, complaints } = visit;
    if (storage !== "keeps") {
      await page.addInitScript(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException(); } })",
      );
    }
    await page.goto(site.addressOf("play/"));
    await whenReady(page);
    const choose = async (id: string) => {
      await page.locator("#lesson").selectOption(id);
      await page.waitForSelector(`body[data-lesson="${id}"]`);
    };
    const reset = page.locator("#reset");
    await page.locator(".cm-content").waitFor();
    const original = await programOf(page);
    assert.equal(await reset.getAttribute("aria-disabled"), "true");
    await writeProgram(page, 'console.log("mine");');
    assert.equal(await reset.getAttribute("aria-disabled"), "false");
    await choose("held");
    assert.equal(await reset.getAttribute("aria-disabled"), "true");
    await choose("share");
    assert.equal(await programOf(page), 'console.log("mine");');
    await page.locator("#log .end", { hasText: "as you have changed it" }).waitFor();
    if (storage === "keeps") {
      await page.reload();
      await whenReady(page);
      await page.locator(".cm-content").waitFor();
      assert.equal(await programOf(page), 'console.log("mine");');
    }
    await reset.press("Enter");
    assert.equal(await programOf(page), original);
    assert.equal(await reset.getAttribute("aria-disabled"), "true");
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+z");
    assert.equal(await programOf(page), 'console.log("mine");');
    await reset.press("Enter");
    await choose("held");
    await choose("share");
    assert.equal(await programOf(page), original);
    assert.deepEqual(complaints, []);
  });
}

Deno.test("a changed program of a stranger stays a stranger's", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(page, "let a;");
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
    await page.reload();
    await whenReady(page);
    await writeProgram(page, "let mine;");
    await page.reload();
    await whenReady(page);
    await page.locator(".cm-content").waitFor();
    assert.equal(await programOf(page), "let mine;");
    const about = "This program came with the link. Read it before you run it.";
    assert.equal(await page.locator("#about").innerText(), about);
  }));

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
