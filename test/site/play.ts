/** Programs run in the playground. */

import assert from "node:assert/strict";
import { snippetsIn } from "../../scripts/markdown.ts";
import { evaluate, Site } from "./browser.ts";
import { logged, run, stepTo, visiting, writeProgram } from "./playground.ts";

const site = await Site.open();

Deno.test("the world acts on the machine while the program waits", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(
      page,
      `import { GrantDevice } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
const xen = new MockXen({ limit: 4 });
const allocator = new GrantDevice(xen.domain(1)).open();
allocator.share(0, { writable: true });
xen.domain(0);
try { allocator.share(0); } catch (error) { console.log(error.code, error.cause.message); }
`,
    );
    await stepTo(page, 4);
    const act = async (deed: string, domid: number) => {
      const before = await page.locator("#log .world").count();
      await page.locator("#domid").selectOption(String(domid));
      await page.getByRole("button", { name: deed }).click();
      return await page.locator("#log .world").nth(before).innerText();
    };
    assert.equal(
      await act("lets go", 0),
      "Domain 0 has nothing to let go of but what your program maps: press “maps a page” first.",
    );
    assert.equal(await act("maps a page", 0), "Domain 0 maps page 8 of domain 1.");
    const one = page.getByRole("region", { name: "Domain 1" });
    await one.getByText("8 → domain 0, writable: mapped").waitFor();
    assert.equal(await page.getByRole("status").innerText(), "Line 7 comes next.");
    assert.equal(await act("lets go", 0), "Domain 0 lets go of page 8 of domain 1.");
    await one.getByText("8 → domain 0, writable: granted").waitFor();
    assert.equal(await act("maps a page", 1), "Domain 1 has nothing to map, as nobody grants it a page.");
    assert.equal(
      await act("is killed", 1),
      "Domain 1 has only its main program, which ends with the domain: destroy it instead.",
    );
    assert.equal(await act("maps a page", 0), "Domain 0 maps page 8 of domain 1.");
    assert.equal(await act("is killed", 0), "Domain 0 loses its newest program: it was killed.");
    assert.equal(await act("fills its table", 1), "Domain 1 grants 3 pages more, and reaches its limit.");
    assert.equal(await act("fills its table", 1), "Domain 1 has reached its limit already.");
    assert.equal(await act("is killed", 1), "Domain 1 loses its newest program: it was killed.");
    assert.equal(
      await act("fails once", 1),
      "Domain 1 will fail at its next call that grants, maps, copies or binds.",
    );
    await run(page);
    assert.deepEqual(await logged(page, "print"), ["backend-failed You made this call fail."]);
    assert.equal(await act("is destroyed", 1), "Domain 1 is destroyed.");
    await page.locator(".domain.destroyed").or(page.locator("#domains:not(:has-text('Domain 1'))")).first().waitFor();
  }));

Deno.test("a domain that was destroyed does not come back", () =>
  visiting(site, "play/#held", async ({ page }) => {
    await stepTo(page, 7);
    const names = () => page.locator(".domain h3").allInnerTexts();
    const destroy = async (domid: number, frame: number) => {
      await page.locator("#domid").selectOption(String(domid));
      await page.getByRole("button", { name: "is destroyed" }).click();
      await page.waitForSelector(`body[data-frame="${frame}"]`);
      return (await names()).map((name) => name.slice(0, 8));
    };
    assert.deepEqual(await destroy(0, 8), ["Domain 1"]);
    assert.deepEqual(await destroy(1, 9), []);
    assert.equal(await page.locator("#picture svg").count(), 0);
  }));

/** Programs that end with an error, and what the page says. */
const WRONG = {
  "const = 1;": "Cannot run the program: line 1 has a syntax error.",
  "throw new Error('see line 1 of it');": "Line 1: Error: see line 1 of it",
  "let a;\nlet b: number;":
    "Cannot run the program: line 2 has syntax of TypeScript. Programs here are JavaScript: leave the types out.",
  "let a;\n\nnull.b;": "Line 3: TypeError: Cannot read properties of null (reading 'b')",
  'import "node:fs";': 'Cannot run the program: line 1 must read `import { … } from "…";`.',
  'import fs from "node:fs";': /^Line 1: Error: Cannot import node:fs: it is not here. Import @gntalloc\/gntalloc, /,
  'import assert from "node:assert/strict";\nassert.equal(1, 2);': "Line 2: AssertionError: 1 is not 2",
  'import { a } from "b";': /^Line 1: Error: Cannot import b: it is not here. Import @gntalloc\/gntalloc, /,
  'import { Nothing } from "@gntalloc/gntalloc";':
    /^Line 1: Error: Cannot import Nothing from @gntalloc\/gntalloc: it exports /,
  '// A name of all objects.\nimport { toString } from "node:assert/strict";':
    "Line 2: Error: Cannot import toString from node:assert/strict: it exports default.",
} as const;

Deno.test("a program that goes wrong says where and why", () =>
  visiting(site, "play/", async ({ page }) => {
    for (const [program, says] of Object.entries(WRONG)) {
      await writeProgram(page, program);
      await page.locator("#run").click();
      const text = (await page.locator("#log .error").first().innerText()).trim();
      if (typeof says === "string") assert.equal(text, says);
      else assert.match(text, says);
    }
    await page.locator("#lesson").selectOption("errors");
    await page.waitForSelector('body[data-lesson="errors"]');
    await run(page);
    const href = await page.getByRole("link", { name: "What grant:map-refused means" }).getAttribute("href");
    assert.equal(href, "../docs/troubleshooting.html#grantmap-refused");
    await page.goto(new URL(href!, page.url()).href);
    assert.equal(await page.locator("#grantmap-refused").innerText(), "grant:map-refused");
  }));

Deno.test("the first example of README.md runs as it is", () =>
  visiting(site, "play/", async ({ page }) => {
    const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
    const example = snippetsIn(readme).find(({ info }) => info[0] === "ts")!;
    await writeProgram(page, `${example.code}\nconsole.log("done");`);
    await run(page);
    assert.deepEqual(await logged(page, "error"), []);
    assert.deepEqual(await logged(page, "print"), ["done"]);
  }));

Deno.test("errors that nobody catches are in the log", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(
      page,
      "setTimeout(() => {\n  null.a;\n});\nPromise.reject(new Error('b'));\n" +
        "await new Promise((resolve) => setTimeout(resolve, 50));",
    );
    await run(page);
    assert.deepEqual((await logged(page, "error")).sort(), [
      "Line 2: TypeError: Cannot read properties of null (reading 'a')",
      "Line 4: Error: b",
    ]);
  }));

Deno.test("two clicks on Run start one program", () =>
  visiting(site, "play/", async ({ page }) => {
    // It must not end between the clicks.
    await writeProgram(page, 'console.log("once");\nawait new Promise(() => {});');
    await page.locator("#run").dblclick();
    await page.waitForSelector("body[data-state=paused]");
    await page.locator("#run").click();
    await page.locator("#log .print").waitFor();
    assert.deepEqual(await logged(page, "print"), ["once"]);
    assert.equal(page.workers().length, 1);
  }));

Deno.test("the buttons of the world keep the focus, and do nothing while no program runs", () =>
  visiting(site, "play/", async ({ page }) => {
    const deed = page.getByRole("button", { name: "maps a page" });
    await deed.focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(await logged(page, "world"), []);
    await run(page);
    await deed.press("Enter");
    await page.locator("#log .world").waitFor();
    await evaluate(page, "location.hash = '#held'");
    await page.waitForSelector("body[data-state=idle]");
    assert.equal(await evaluate(page, "document.activeElement.dataset.deed"), "map");
    assert.equal(await deed.getAttribute("aria-disabled"), "true");
    await page.keyboard.press("Enter");
    assert.deepEqual(await logged(page, "world"), []);
  }));

Deno.test("of a program with many steps, the last thousand pictures are kept", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(
      page,
      "let sum = 0;\nfor (let count = 1; count <= 1100; count++) {\n  sum += count;\n}\nconsole.log(sum);",
    );
    await run(page);
    assert.deepEqual(await logged(page, "print"), ["605550"]);
    await page.waitForSelector('body[data-frame="1103"]');
    await page.locator("#back").click();
    await page.waitForSelector('body[data-frame="1102"]');
  }));

Deno.test("Back does nothing to a program of which no earlier picture is there", () =>
  visiting(site, "play/", async ({ page }) => {
    await writeProgram(page, "await new Promise(() => {});");
    await page.locator("#run").click();
    await page.waitForSelector('body[data-frame="0"]');
    assert.equal(await page.locator("#back").getAttribute("aria-disabled"), "true");
    await page.locator("#back").press("Enter");
    assert.equal(await page.locator("body").getAttribute("data-state"), "running");
  }));

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
