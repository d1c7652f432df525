/** What a reader can do in the playground. */

import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { snippetsIn } from "../../scripts/markdown.ts";
import { fragmentOf } from "../../site/src/play/link.ts";
import { evaluate, Site, type Visit } from "./browser.ts";
import { logged, run, runFast, whenReady, writeProgram } from "./playground.ts";

/** Of requests that a test answers itself. A service worker would answer some of them, if it begins in time. */
const ROUTED = { serviceWorkers: "block" } as const;
const site = await Site.open();

/** Opens the playground, and checks at the end that nobody complained. */
async function visiting(path: string, body: (visit: Visit) => Promise<void>): Promise<void> {
  await using visit = await site.visit(path);
  await whenReady(visit.page);
  await runFast(visit.page);
  await body(visit);
  assert.deepEqual(visit.complaints, []);
}

Deno.test("a step marks what a call has changed, and Back shows what was before", () =>
  visiting("play/", async ({ page }) => {
    const step = async (frame: number) => {
      await page.locator("#step").click();
      await page.waitForSelector(`body[data-frame="${frame}"]`);
    };
    for (const frame of [0, 1, 2]) await step(frame);
    const one = page.getByRole("region", { name: "Domain 1" });
    await step(3);
    assert.deepEqual(await one.locator(".changed").allTextContents(), ["8 → domain 0, writable: granted new"]);
    await step(4);
    assert.deepEqual(await one.locator("mark").allInnerTexts(), ["68", "65", "6c", "6c", "6f"]);
    assert.equal(await one.locator("figcaption").textContent(), "Page 8 5 bytes changed");
    assert.equal(await one.locator(".changed").count(), 0);
    await page.locator("#back").click();
    await page.waitForSelector('body[data-frame="3"]');
    assert.equal(await one.locator(".changed").count(), 1);
    assert.equal(await one.locator(".ascii").count(), 0);
  }));

Deno.test("the world acts on the machine while the program waits", () =>
  visiting("play/", async ({ page }) => {
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
    for (let frame = 0; frame < 5; frame++) {
      await page.locator("#step").click();
      await page.waitForSelector(`body[data-frame="${frame}"]`);
    }
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
      "Domain 1 will see its next call fail that grants, maps, copies or binds.",
    );
    await run(page);
    assert.deepEqual(await logged(page, "print"), ["backend-failed you made this call fail"]);
    assert.equal(await act("is destroyed", 1), "Domain 1 is destroyed.");
    await page.locator(".domain.destroyed").or(page.locator("#domains:not(:has-text('Domain 1'))")).first().waitFor();
  }));

/** Programs that end with an error, and what the page says. */
const WRONG = {
  "const = 1;": "Cannot run the program: line 1 has a syntax error.",
  "throw new Error('see line 1 of it');": "Line 1: Error: see line 1 of it",
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
  visiting("play/", async ({ page }) => {
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
  visiting("play/", async ({ page }) => {
    const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
    const example = snippetsIn(readme).find(({ info }) => info[0] === "ts")!;
    await writeProgram(page, `${example.code}\nconsole.log("done");`);
    await run(page);
    assert.deepEqual(await logged(page, "error"), []);
    assert.deepEqual(await logged(page, "print"), ["done"]);
  }));

Deno.test("a program of a stranger reaches neither the network nor what the site keeps", async () => {
  await using visit = await site.visit("play/");
  const { page } = visit;
  await whenReady(page);
  await runFast(page);
  const reached = () => site.requests.filter((path) => path.startsWith("stranger"));
  await evaluate(page, `fetch("${site.addressOf("stranger/page")}")`);
  assert.deepEqual(reached(), ["stranger/page"]);
  await writeProgram(page, strangersProgram(site.addressOf("stranger/")));
  await run(page);
  assert.deepEqual(await logged(page, "print"), [
    "fetch TypeError",
    "import TypeError",
    "caches ReferenceError",
    "indexedDB SecurityError",
    "importScripts NetworkError",
    "XMLHttpRequest error",
    "EventSource error",
    "WebSocket error",
    "a worker within error",
    "null",
  ]);
  assert.deepEqual(reached(), ["stranger/page"]);
});

/** A program that tries all ways out. Its server would let it read everything. */
function strangersProgram(address: string): string {
  return `const attempt = async (what, reach) => {
  try { await reach(); console.log(what, "was reached"); } catch (error) { console.log(what, error.name ?? error.type); }
};
const opened = (target, ...names) => new Promise((resolve, reject) => {
  for (const name of names) target.addEventListener(name, resolve);
  target.addEventListener("error", (event) => {
    event.preventDefault();
    reject({ type: "error" });
  });
});
await attempt("fetch", () => fetch("${address}fetch"));
await attempt("import", () => import("${address}import"));
await attempt("caches", () => caches.keys());
await attempt("indexedDB", () => new Promise((resolve, reject) => {
  const request = indexedDB.open("a");
  request.onsuccess = resolve;
  request.onerror = () => reject(request.error);
}));
await attempt("importScripts", () => importScripts("${address}importScripts"));
await attempt("XMLHttpRequest", () => {
  const request = new XMLHttpRequest();
  request.open("GET", "${address}XMLHttpRequest");
  request.send();
  return opened(request, "load");
});
await attempt("EventSource", () => opened(new EventSource("${address}EventSource"), "open"));
await attempt("WebSocket", () => opened(new WebSocket("${address.replace("http", "ws")}WebSocket"), "open"));
await attempt("a worker within", () => {
  const source = "fetch('${address}worker').then(() => postMessage(1), () => { throw new Error(); }).catch(() => setTimeout(() => { throw 1; }))";
  return opened(new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" }))), "message");
});
console.log(origin);
`;
}

Deno.test("an endless loop can be stopped", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(page, 'console.log("it begins");\nfor (;;);');
    await page.locator("#run").click();
    await page.locator("#log .print", { hasText: "it begins" }).waitFor();
    await page.waitForSelector('body[data-frame="1"]');
    const [worker, ...others] = page.workers();
    assert(worker !== undefined && others.length === 0, `${page.workers().length} workers`);
    const closed = worker.waitForEvent("close");
    await page.locator("#stop").click();
    await page.waitForSelector("body[data-state=idle]");
    await closed;
    assert.deepEqual(page.workers(), []);
    await writeProgram(page, 'console.log("here again");');
    await run(page);
    assert.deepEqual(await logged(page, "print"), ["here again"]);
  }));

Deno.test("a program that prints for ever can be stopped", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(page, "for (;;) console.log(1);");
    await page.locator("#run").click();
    await page.locator("#log .print").nth(499).waitFor();
    assert.equal(await page.locator("#log .print").count(), 500);
    await page.locator("#stop").click();
    await page.waitForSelector("body[data-state=idle]");
    assert.equal(await page.locator("#log p").count(), 0);
  }));

/** What a program tells the page in the name of its worker, for ever. */
const FORGED: readonly (readonly [what: string, news: string, reason: string])[] = [
  [
    "what has no shape",
    "{ type: 'frame', frame: { report: { domains: [{ domid: '<b>' }] } }, waits: true }",
    "the page cannot show what it has",
  ],
  [
    "a picture that has the same list many times",
    "frameWith(new Array(20_000).fill({ ...mapping, pages: new Array(20_000).fill({ domid: 0, gref: 8 }) }))",
    "the page cannot show what it has",
  ],
  ["short lines", "{ type: 'print', text: '1', isError: false }", "the page cannot take all that it tells"],
  [
    "long lines",
    "{ type: 'print', text: 'a '.repeat(5000), isError: false }",
    "the page cannot take all that it tells",
  ],
  [
    "pictures of the largest size",
    "frameWith(new Array(28).fill({ ...mapping, pages: new Array(1000).fill({ domid: 0, gref: 8 }) }))",
    "the page cannot take all that it tells",
  ],
];

for (const [what, news, reason] of FORGED) {
  Deno.test(`a program that forges ${what} is ended, and the page is as before`, () =>
    visiting("play/", async ({ page }) => {
      await writeProgram(
        page,
        `const mapping = { process: 0, writable: true };
const frameWith = (mappings) => {
  const lists = { processes: [], grants: [], mappings, ports: [], connections: [] };
  const domains = [{ domid: 1, destroyed: false, limit: 1, counted: 0, ...lists }];
  const frame = { report: { domains }, pages: [], nodes: [], sentences: [], rung: [], restored: [] };
  return { type: "frame", frame, waits: true };
};
const news = ${news};
const { postMessage } = MessagePort.prototype;
MessagePort.prototype.postMessage = function () {
  for (;;) postMessage.call(this, news);
};`,
      );
      await run(page);
      const says = `Cannot go on with the program: ${reason}. Change it, and run it again.`;
      assert.deepEqual(await logged(page, "error"), [says]);
      assert.deepEqual(page.workers(), []);
      await page.locator("#stop").click();
      await page.waitForSelector("body[data-state=idle]");
      await writeProgram(page, 'console.log("here again");');
      await run(page);
      assert.deepEqual(await logged(page, "print"), ["here again"]);
    }));
}

/** Programs that break their own worker, and what the page says. */
const BREAKING = {
  "globalThis.Promise = undefined;\nlet a;": "Line 2: TypeError: Promise is not a constructor",
  [
    `import { MockXen } from "@gntalloc/gntalloc/mock";
new MockXen().domain(1);
Array.prototype.map = () => {
  throw new Error("broken");
};`
  ]: "Line 4: Error: broken",
  "console.log = console.error = undefined;\nPromise.reject(new Error('lost'));\nconsole.log();":
    "Line 3: TypeError: console.log is not a function",
};

for (const [program, says] of Object.entries(BREAKING)) {
  Deno.test(`a program that breaks its own worker ends with ${says}`, () =>
    visiting("play/", async ({ page }) => {
      await writeProgram(page, program);
      await run(page);
      assert.equal((await logged(page, "error")).at(-1), says);
      await writeProgram(page, 'console.log("here again");');
      await run(page);
      assert.deepEqual(await logged(page, "print"), ["here again"]);
      // Its frame is gone, and so is its worker.
      assert.equal(await page.locator("iframe").count(), 1);
      assert.equal(page.workers().length, 1);
    }));
}

Deno.test("of what a machine has too much of, the rest is counted", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(
      page,
      `import { EventChannels, GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { XenStore } from "@gntalloc/gntalloc/xenstore";
const xen = new MockXen();
const channels = new EventChannels(xen.domain(1));
const allocator = new GrantDevice(xen.domain(1)).open();
const mapper = new GrantMapper(xen.domain(1));
const store = await XenStore.open(xen.domain(1));
const fill = () => {
  for (let domid = 2; domid < 22; domid++) {
    const { grefs } = new GrantDevice(xen.domain(domid)).open().share(1);
    mapper.map(domid, grefs);
    channels.bindUnbound(domid);
    allocator.share(domid);
  }
};
fill();
await Promise.all(Array.from({ length: 110 }, (_, index) => store.write("data/" + index, "a".repeat(300))));
`,
    );
    await run(page);
    await page.waitForSelector('body[data-frame="8"]');
    const countIn = (place: Locator, rows: string) =>
      Promise.all([place.locator(rows).count(), place.locator(":scope > .rest").allTextContents()]);
    assert.deepEqual(await countIn(page.locator("#domains"), ".domain"), [16, ["and 5 more"]]);
    const parts = page.getByRole("region", { name: "Domain 1", exact: true }).locator(".part");
    assert.deepEqual(await countIn(parts.nth(0), "li"), [12, ["and 8 more"]]);
    assert.deepEqual(await countIn(parts.nth(1), "figure"), [3, ["and 37 more"]]);
    assert.deepEqual(await countIn(parts.nth(2), "li"), [12, ["and 8 more"]]);
    assert.deepEqual(await countIn(parts.nth(3), "li"), [12, ["and 8 more"]]);
    const [nodes, [more]] = await countIn(page.locator("#store > div"), "li");
    assert.deepEqual([nodes, more], [100, "and 10 more"]);
    assert.equal(await page.locator("#store b").first().textContent(), ` = ${"a".repeat(256)}…`);
  }));

Deno.test("errors that nobody catches are in the log", () =>
  visiting("play/", async ({ page }) => {
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

Deno.test("a link carries the program", () =>
  visiting("play/", async ({ page }) => {
    const program = 'console.log("hé, 你好");\n';
    await writeProgram(page, program);
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
    await using other = await site.visit(page.url().slice(site.addressOf("").length));
    await whenReady(other.page);
    assert.match(await other.page.locator("#about").innerText(), /Read it before you run it/);
    await run(other.page);
    assert.deepEqual(await logged(other.page, "print"), ["hé, 你好"]);
    assert.deepEqual(other.complaints, []);
  }));

Deno.test("a broken link says so, and a link to a place in the page keeps the program", () =>
  visiting("play/#program=S9TQ", async ({ page }) => {
    const broken = "Cannot open the program: the link is broken. Ask for its text.";
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
  visiting("play/", async ({ page }) => {
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

Deno.test("two clicks on Run start one program", () =>
  visiting("play/", async ({ page }) => {
    // It must not end between the clicks.
    await writeProgram(page, 'console.log("once");\nawait new Promise(() => {});');
    await page.locator("#run").dblclick();
    await page.waitForSelector("body[data-state=paused]");
    await page.locator("#run").click();
    await page.locator("#log .print").waitFor();
    assert.deepEqual(await logged(page, "print"), ["once"]);
    assert.equal(page.workers().length, 1);
  }));

Deno.test("a program runs without the editor, and the log says that it is missing", async () => {
  await using visit = await site.visit("icon.svg", ROUTED);
  const { page } = visit;
  await page.route(/editor-[^/]*\.js$/, (route) => route.abort());
  await page.goto(site.addressOf("play/"));
  await whenReady(page);
  await page.locator("#log .error", { hasText: "Cannot load the editor." }).waitFor();
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
  const says = "Cannot load what prepares programs. Load the page again.";
  await page.locator("#log .error", { hasText: says }).waitFor();
  assert.equal(await page.locator("body").getAttribute("data-state"), "idle");
});

Deno.test("what cannot be loaded is named in the log", async () => {
  await using visit = await site.visit("icon.svg", ROUTED);
  const { page } = visit;
  await page.route(/runner-[^/]*\.js$/, (route) => route.fulfill({ status: 503 }));
  await page.goto(site.addressOf("play/"));
  const says = "Cannot load the runner: the server says 503. Load the page again.";
  await page.locator("#log .error", { hasText: says }).waitFor();
  assert(await page.locator("#run").isDisabled());
});

Deno.test("the editor completes and explains names from the docs", () =>
  visiting("play/", async ({ page }) => {
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
  visiting("play/", async ({ page }) => {
    const focused = () =>
      evaluate<string>(
        page,
        "(document.activeElement.shadowRoot?.activeElement ?? document.activeElement).id || " +
          "document.activeElement.shadowRoot?.activeElement?.className || document.activeElement.textContent",
      );
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
    assert.equal(await focused(), "log");
    await page.locator("#run").focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector("body[data-state=ended]");
    await page.locator("#back").focus();
    for (let presses = 0; presses < 2; presses++) await page.keyboard.press("Space");
    await page.getByRole("region", { name: "Domain 1" }).getByText("8 → domain 0, writable: granted").waitFor();
  }));

Deno.test("what colours say is said in words, and buttons keep the focus", () =>
  visiting("play/", async ({ page }) => {
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
    assert.equal(await page.getByRole("status").innerText(), "Line 1 comes next.");
    assert.equal(await page.locator("#back").getAttribute("aria-disabled"), "true");
    assert.equal(await evaluate(page, "document.activeElement.id"), "back");
    await step(1);
    await step(2);
    await page.waitForSelector("body[data-state=ended]");
    await step(0);
    assert.equal(await page.locator("body").getAttribute("data-state"), "paused");
    await page.locator("#stop").press("Enter");
    await page.waitForSelector("body[data-state=idle]");
    assert.equal(await evaluate(page, "document.activeElement.id"), "stop");
  }));

Deno.test("rows say in words what has happened to them", () =>
  visiting("play/", async ({ page }) => {
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
      for (let last = Number(await page.locator("body").getAttribute("data-frame") ?? -1); last < frame;) {
        await page.locator("#step").click();
        await page.waitForSelector(`body[data-frame="${++last}"]`);
      }
      return await rows.allTextContents();
    };
    assert.deepEqual(await rowsAfter(3, one.locator("li")), ["8 → domain 0: granted new"]);
    assert.deepEqual(await rowsAfter(4, one.locator("li")), ["8 → domain 0: mapped changed"]);
    const port = one.locator(".channel");
    assert.deepEqual(await rowsAfter(5, port), ["port 1: waits for domain 0 new"]);
    assert.deepEqual(await rowsAfter(6, port), ["port 1 ↔ port 1 of domain 0 changed"]);
    assert.deepEqual(await rowsAfter(7, port), ["port 1 ↔ port 1 of domain 0 event"]);
    const node = page.locator("#store li");
    assert.deepEqual(await rowsAfter(9, node), ["a = 1 new"]);
    assert.deepEqual(await rowsAfter(10, node), ["a = 2 changed"]);
  }));

Deno.test("a program may send very many events between two pictures", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(
      page,
      `import { EventChannels } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
const xen = new MockXen();
const bell = new EventChannels(xen.domain(1)).bindUnbound(0);
new EventChannels(xen.domain(0)).bindInterdomain(1, bell.port);
const ring = () => { for (let count = 0; count < 40_000; count++) bell.notify(); };
ring();
`,
    );
    await run(page);
    assert.deepEqual(await logged(page, "error"), []);
    assert.equal((await logged(page, "call")).at(-1), "… 39500 more calls");
  }));

Deno.test("a row of grants is marked if they have changed, not if they are put together in another way", () =>
  visiting("play/", async ({ page }) => {
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
      for (let last = Number(await page.locator("body").getAttribute("data-frame") ?? -1); last < frame;) {
        await page.locator("#step").click();
        await page.waitForSelector(`body[data-frame="${++last}"]`);
      }
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

Deno.test("the buttons of the world keep the focus, and do nothing while no program runs", () =>
  visiting("play/", async ({ page }) => {
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
  visiting("play/", async ({ page }) => {
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

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
