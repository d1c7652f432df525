/** What programs that nobody trusts can do in the playground, and what they cannot. */

import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { evaluate, Site } from "./browser.ts";
import { logged, run, runFast, visiting, whenReady, writeProgram } from "./playground.ts";

const site = await Site.open();

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
  visiting(site, "play/", async ({ page }) => {
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
  visiting(site, "play/", async ({ page }) => {
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
    "pictures with as many sentences as there may be",
    "frameWith([], new Array(501).fill('a'))",
    "the page cannot take all that it tells",
  ],
  [
    "what the page cannot read",
    "new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))",
    "the page cannot show what it has",
  ],
  [
    "pictures of the largest size",
    "frameWith(new Array(28).fill({ ...mapping, pages: new Array(1000).fill({ domid: 0, gref: 8 }) }))",
    "the page cannot take all that it tells",
  ],
];

for (const [what, news, reason] of FORGED) {
  Deno.test(`a program that forges ${what} is ended, and the page is as before`, () =>
    visiting(site, "play/", async ({ page }) => {
      await writeProgram(
        page,
        `const mapping = { process: 0, writable: true };
const frameWith = (mappings, sentences = []) => {
  const lists = { processes: [], grants: [], mappings, ports: [], connections: [] };
  const domains = [{ domid: 1, destroyed: false, limit: 1, counted: 0, ...lists }];
  const frame = { report: { domains }, pages: [], nodes: [], sentences, rung: [], restored: [] };
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
    visiting(site, "play/", async ({ page }) => {
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
  visiting(site, "play/", async ({ page }) => {
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
    assert.deepEqual(await countIn(parts.nth(2), "li"), [12, ["and 9 more"]]);
    assert.deepEqual(await countIn(parts.nth(3), "li"), [12, ["and 8 more"]]);
    const [nodes, [more]] = await countIn(page.locator("#store > div"), "li");
    assert.deepEqual([nodes, more], [100, "and 10 more"]);
    assert.equal(await page.locator("#store b").first().textContent(), ` = ${"a".repeat(256)}…`);
  }));

Deno.test("a program may send very many events between two pictures", () =>
  visiting(site, "play/", async ({ page }) => {
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

Deno.test.afterAll(() => site[Symbol.asyncDispose]());
