/** What a reader can do in the playground. */

import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { snippetsIn } from "../../scripts/markdown.ts";
import { faultsOf } from "./accessibility.ts";
import { Site, type Visit } from "./browser.ts";
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
    assert.deepEqual(await one.locator(".changed").allTextContents(), [
      "8 → domain 0, writable: granted new",
      "1 of its own pages new",
    ]);
    await step(4);
    assert.deepEqual(await one.locator("mark").allInnerTexts(), ["68", "65", "6c", "6c", "6f"]);
    assert.equal(await one.locator("figcaption").textContent(), "Page 8 5 bytes changed");
    assert.equal(await one.locator(".changed").count(), 0);
    await page.locator("#back").click();
    await page.waitForSelector('body[data-frame="3"]');
    assert.equal(await one.locator(".changed").count(), 2);
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
  "let a;\nlet b: number;":
    "Cannot run the program: line 2 has syntax of TypeScript. Programs here are JavaScript: leave the types out.",
  "let a;\n\nnull.b;": "Line 3: TypeError: Cannot read properties of null (reading 'b')",
  'import "node:fs";': 'Cannot run the program: line 1 must read `import { … } from "…";`.',
  'import fs from "node:fs";': /^(Line 1: )?Error: Cannot import node:fs: it is not here. Import @gntalloc\/gntalloc, /,
  'import assert from "node:assert/strict";\nassert.equal(1, 2);': "Line 2: AssertionError: 1 is not 2",
  'import { a } from "b";': /^(Line 1: )?Error: Cannot import b: it is not here. Import @gntalloc\/gntalloc, /,
  'import { Nothing } from "@gntalloc/gntalloc";':
    /^(Line 1: )?Error: Cannot import Nothing from @gntalloc\/gntalloc: it exports /,
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
  await page.evaluate(`fetch("${site.addressOf("stranger/page")}")`);
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

/** What a program tells the page in the name of its worker. */
const FORGED = {
  "{ type: 'frame', frame: { report: { domains: [{ domid: '<b>' }] } }, waits: true }":
    "the page cannot show what it has",
  "{ type: 'print', text: '1', isError: false }": "the page cannot take all that it tells",
};

for (const [news, reason] of Object.entries(FORGED)) {
  Deno.test(`a program is ended if ${reason}`, () =>
    visiting("play/", async ({ page }) => {
      await writeProgram(
        page,
        `const { postMessage } = MessagePort.prototype;
MessagePort.prototype.postMessage = function () {
  for (let count = 0; count < 100_000; count++) postMessage.call(this, ${news});
};`,
      );
      await run(page);
      const says = `Cannot go on with the program: ${reason}. Change it, and run it again.`;
      assert.deepEqual(await logged(page, "error"), [says]);
      assert.deepEqual(page.workers(), []);
    }));
}

Deno.test("errors that nobody catches are in the log", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(
      page,
      "setTimeout(() => {\n  null.a;\n});\nPromise.reject(new Error('b'));\n" +
        "await new Promise((resolve) => setTimeout(resolve, 50));",
    );
    await run(page);
    assert.deepEqual((await logged(page, "error")).sort(), [
      "line 2: TypeError: Cannot read properties of null (reading 'a')",
      "line 4: Error: b",
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
    assert.equal(await other.page.locator("#lesson option:checked").textContent(), "A program from a link");
    assert.equal(await other.page.title(), "A program from a link · gntalloc");
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
    assert.equal(await page.evaluate("document.activeElement.id"), "main");
    await page.evaluate("location.hash = '#program=S9TQ'");
    await page.locator("#log .error").nth(1).waitFor();
    await run(page);
    assert.deepEqual(await logged(page, "print"), ["mine"]);
  }));

Deno.test("of two addresses the later one is opened", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(page, "console.log(1);\n".repeat(100));
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
    await page.evaluate(`new Promise((resolve) => {
      const program = location.hash;
      location.hash = "#held";
      addEventListener("hashchange", () => {
        addEventListener("hashchange", () => {
          location.hash = "#limit";
          addEventListener("hashchange", () => setTimeout(resolve, 500), { once: true });
        }, { once: true });
        location.hash = program;
      }, { once: true });
    })`);
    assert.equal(await page.locator("body").getAttribute("data-lesson"), "limit");
  }));

Deno.test("the link to a lesson that was not changed is short", () =>
  visiting("play/#held", async ({ page }) => {
    await page.locator("#share").click();
    await page.locator("#log .end", { hasText: "The link to this lesson " }).waitFor();
    assert.equal(new URL(page.url()).hash, "#held");
    await page.locator(".cm-content").click();
    await page.keyboard.type(" ");
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
  }));

Deno.test("two clicks on Run start one program", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(page, 'console.log("once");');
    await page.locator("#run").dblclick();
    await page.waitForSelector("body[data-state=paused]");
    await run(page);
    assert.deepEqual(await logged(page, "print"), ["once"]);
    assert.equal(page.workers().length, 1);
  }));

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
    await page.evaluate("location.hash = '#held'");
    await page.waitForSelector('body[data-lesson="held"]');
    assert.equal(await page.getByRole("status").innerText(), "Nothing can be run.");
  });
}

Deno.test("the editor completes and explains names from the docs", () =>
  visiting("play/", async ({ page }) => {
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("share.");
    const options = page.locator(".cm-completionLabel");
    await options.first().waitFor();
    const names = await options.allInnerTexts();
    assert(names.includes("grefs") && names.includes("release") && !names.includes("map"), names.join());
    await page.keyboard.press("Escape");
    await page.locator(".tok-className", { hasText: "GrantMapper" }).last().hover();
    await page.locator(".cm-tooltip-hover", { hasText: "maps pages that other domains have granted" }).waitFor();
  }));

Deno.test("all can be done with the keyboard", () =>
  visiting("play/", async ({ page }) => {
    const focused = () =>
      page.evaluate(
        "(document.activeElement.shadowRoot?.activeElement ?? document.activeElement).id || " +
          "document.activeElement.shadowRoot?.activeElement?.className || document.activeElement.textContent",
      ) as Promise<
        string
      >;
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
    assert.equal(await page.evaluate("document.activeElement.id"), "back");
    await step(1);
    await step(2);
    await page.waitForSelector("body[data-state=ended]");
    assert.equal(await page.locator("#step").getAttribute("aria-disabled"), "true");
    assert.equal(await page.getByRole("status").innerText(), "To step anew, press Stop.");
    await page.locator("#step").press("Enter");
    assert.equal(await page.locator("body").getAttribute("data-state"), "ended");
    await page.locator("#back").press("Enter");
    await page.waitForSelector('body[data-frame="1"]');
    await step(2);
    await page.locator("#stop").press("Enter");
    await page.waitForSelector("body[data-state=idle]");
    assert.equal(await page.evaluate("document.activeElement.id"), "stop");
    await step(0);
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

Deno.test("a page that its own domain maps is shown once, with both mappings", () =>
  visiting("play/", async ({ page }) => {
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

Deno.test("the buttons of the world keep the focus, and do nothing while no program runs", () =>
  visiting("play/", async ({ page }) => {
    const deed = page.getByRole("button", { name: "maps a page" });
    await deed.focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(await logged(page, "world"), []);
    await run(page);
    await deed.press("Enter");
    await page.locator("#log .world").waitFor();
    await page.evaluate("location.hash = '#held'");
    await page.waitForSelector("body[data-state=idle]");
    assert.equal(await page.evaluate("document.activeElement.dataset.deed"), "map");
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
    await page.evaluate("document.activeElement.shadowRoot?.activeElement?.className.split(' ')[0]"),
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
  assert.equal(await page.evaluate("document.activeElement.id"), "lesson");
});

Deno.test("Back does nothing to a program of which no earlier picture is there", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(page, "await new Promise(() => {});");
    await page.locator("#run").click();
    await page.waitForSelector('body[data-frame="0"]');
    assert.equal(await page.locator("#back").getAttribute("aria-disabled"), "true");
    await page.locator("#back").press("Enter");
    assert.equal(await page.locator("body").getAttribute("data-state"), "running");
  }));

/** The text in the editor. */
function written(page: Page): Promise<string> {
  return page.locator(".cm-content").innerText();
}

Deno.test("a lesson that was opened cannot be undone", () =>
  visiting("play/", async ({ page }) => {
    const first = await written(page);
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), first);
    await page.keyboard.type("// mine");
    await page.locator("#lesson").selectOption("held");
    await page.waitForSelector('body[data-lesson="held"]');
    const held = await written(page);
    assert.match(held, /share\.release/);
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), held);
  }));

Deno.test("every key that changes the program ends the one that runs", () =>
  visiting("play/", async ({ page }) => {
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

Deno.test("Back sets apart what came later", () =>
  visiting("play/", async ({ page }) => {
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
    for (const frame of [1, 2, 3]) {
      await page.locator("#step").click();
      await page.waitForSelector(`body[data-frame="${frame}"]`);
    }
    assert.deepEqual(await lines(), ["one", "two", "three", end]);
  }));

Deno.test("the log says whether a program has left something behind", () =>
  visiting("play/", async ({ page }) => {
    const end = async () => (await page.locator("#log .end").allTextContents()).at(-1);
    await run(page);
    assert.equal(await end(), "The program has ended, and has given back all that it had.");
    await page.locator("#lesson").selectOption("events");
    await page.waitForSelector('body[data-lesson="events"]');
    await run(page);
    assert.equal(await end(), "The program has ended. What it has not given back is still there.");
    await writeProgram(page, "1;");
    await run(page);
    assert.equal(await end(), "The program has ended.");
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
    const original = await written(page);
    assert.equal(await reset.getAttribute("aria-disabled"), "true");
    await writeProgram(page, 'console.log("mine");');
    assert.equal(await reset.getAttribute("aria-disabled"), "false");
    await choose("held");
    assert.equal(await reset.getAttribute("aria-disabled"), "true");
    await choose("share");
    assert.equal(await written(page), 'console.log("mine");');
    await page.locator("#log .end", { hasText: "as you have changed it" }).waitFor();
    if (storage === "keeps") {
      await page.reload();
      await whenReady(page);
      await page.locator(".cm-content").waitFor();
      assert.equal(await written(page), 'console.log("mine");');
    }
    await reset.press("Enter");
    assert.equal(await written(page), original);
    assert.equal(await reset.getAttribute("aria-disabled"), "true");
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), 'console.log("mine");');
    await reset.press("Enter");
    await choose("held");
    await choose("share");
    assert.equal(await written(page), original);
    assert.deepEqual(complaints, []);
  });
}

Deno.test("a changed program of a stranger stays a stranger's", () =>
  visiting("play/", async ({ page }) => {
    await writeProgram(page, "let a;");
    await page.locator("#share").click();
    await page.waitForURL(/#program=/);
    await page.reload();
    await whenReady(page);
    await writeProgram(page, "let mine;");
    await page.reload();
    await whenReady(page);
    await page.locator(".cm-content").waitFor();
    assert.equal(await written(page), "let mine;");
    const about = "This program came with the link. Read it before you run it.";
    assert.equal(await page.locator("#about").innerText(), about);
  }));

Deno.test("another lesson takes the picture of the last one away, even if that was changed", () =>
  visiting("play/", async ({ page }) => {
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
  const wide = await page.evaluate(`[...document.querySelectorAll("main *")]
    .filter((each) => !each.closest("svg, .hidden") && each.getBoundingClientRect().right > innerWidth)
    .map((each) => each.outerHTML.slice(0, 100))`);
  assert.deepEqual(wide, []);
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 320);
  assert.deepEqual(complaints, []);
});

Deno.test("the editor shows programs in colours", () =>
  visiting("play/", async ({ page }) => {
    const colours = await Promise.all(
      [".cm-content", ".tok-keyword", ".tok-string", ".tok-comment"].map((part) =>
        page.locator(part).first().evaluate((shown) => getComputedStyle(shown).color)
      ),
    );
    assert.equal(new Set(colours).size, 4, colours.join());
  }));

Deno.test("characters that cannot be seen are shown, and a link that brings some says so", () =>
  visiting("play/", async ({ page }) => {
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
