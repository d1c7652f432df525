import { describe, expect, test, vi } from "vitest";
import { Film } from "../../site/src/play/film.ts";
import { newsIn } from "../../site/src/play/news.ts";
import { sharing } from "../../site/src/play/sharing.ts";
import type { Frame } from "../../site/src/protocol.ts";
import { Console } from "../../site/src/runner/console.ts";
import { shown } from "../../site/src/runner/printing.ts";
import { Window } from "../../site/src/runner/window.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { MockXen } from "../../backends/mock.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

/** A picture of a machine that has something of everything. */
async function frameOf(byte: number): Promise<Frame> {
  const xen = new MockXen({ limit: Infinity });
  const share = new GrantDevice(xen.domain(1)).open().share(0);
  new GrantMapper(xen.domain(0)).map(1, share.grefs);
  new EventChannels(xen.domain(1)).bindUnbound(0);
  await XenStore.open(xen.domain(1));
  const pages = [
    { domid: 1, gref: share.grefs[0]!, bytes: new Uint8Array(4096).fill(byte) },
    { domid: 1, gref: 99, bytes: undefined },
  ];
  const nodes = [{ path: "/a", value: "b" }];
  const rung = [{ domid: 1, port: 1 }];
  return {
    line: 1,
    report: xen.inspect(),
    pages,
    nodes,
    sentences: ["It maps."],
    rung,
    restored: [{ from: 2, to: 1 }],
  };
}

describe("newsIn()", async () => {
  const frame = await frameOf(1);
  const [domain] = frame.report.domains;
  const told = (part: Partial<Frame>) => ({ type: "frame", frame: { ...frame, ...part }, waits: true });
  const holding = (part: object) => told({ report: { domains: [{ ...domain!, ...part }] } });
  const sparse = new Array(3);
  const mapping = { process: 0, writable: true, pages: new Array(400).fill({ domid: 0, gref: 8 }) };

  test.each([
    told({}),
    told({ line: undefined, report: { domains: [] } }),
    { type: "print", text: "a".repeat(10_000), isError: false },
    { type: "world", text: "" },
    { type: "end", failure: undefined },
    { type: "end", failure: { text: "a", code: undefined, line: 3 } },
  ])("takes %j", (news) => {
    expect(newsIn(news)?.news).toEqual(news);
  });

  test.each([
    ["nothing", undefined],
    ["a text", "print"],
    ["an unknown kind", { type: "toString" }],
    ["no text", { type: "print", text: {}, isError: false }],
    ["a huge text", { type: "print", text: "a".repeat(10_001), isError: false }],
    ["no picture", { type: "frame", frame: null, waits: true }],
    ["markup for a number", holding({ domid: "<b>" })],
    ["markup for a count", holding({ processes: [{ process: 0, files: 1, ownPages: "<b>" }] })],
    ["a number that counts nothing", holding({ domid: NaN })],
    ["a line before the first", told({ line: 0 })],
    ["more domains than a page has room for", told({ report: { domains: new Array(101).fill(domain) } })],
    ["a hole in a list", told({ report: { domains: sparse } })],
    ["too many grants", holding({ grants: new Array(20_000).fill({ ...domain!.grants[0], gref: 8 }) })],
    ["a small text that stands for many mappings", holding({ mappings: new Array(400).fill(mapping) })],
    ["a list longer than all memory", holding({ grants: new Array(2 ** 32 - 1) })],
    ["too large a page", told({ pages: [{ domid: 1, gref: 8, bytes: new Uint8Array(4097) }] })],
    ["a part of a large buffer", told({ pages: [{ domid: 1, gref: 8, bytes: new Uint8Array(1e6).subarray(8, 16) }] })],
    ["a property that nobody knows", { type: "print", text: "a", isError: false, more: "b" }],
    ["a list that has a property", told({ nodes: Object.assign([], { more: "b" }) })],
  ])("refuses %s", (_, news) => {
    expect(newsIn(news)).toBe(undefined);
  });

  test("costs what is in it, as often as it is", () => {
    const costOf = (...sentences: string[]) => newsIn(told({ sentences }))!.cost;
    const text = "a".repeat(6400);
    expect(costOf(text) - costOf()).toBe(502);
    expect(costOf(text, text) - costOf(text)).toBe(502);
  });

  test("keeps nothing of what was told", () => {
    const { news } = newsIn(told({}))!;
    const { pages, report } = (news as { readonly frame: Frame }).frame;
    expect(pages[0]!.bytes).not.toBe(frame.pages[0]!.bytes);
    expect(report.domains[0]).not.toBe(frame.report.domains[0]);
  });
});

describe("sharing()", () => {
  test("shares the bytes of pages that are as they were", async () => {
    const [first, same, changed] = [await frameOf(1), await frameOf(1), await frameOf(2)];
    expect(sharing(same, first).pages[0]!.bytes).toBe(first.pages[0]!.bytes);
    expect(sharing(same, first)).toEqual(same);
    expect(sharing(changed, first)).toEqual(changed);
  });
});

describe("Film", () => {
  const numbered = (line: number): Frame => ({
    ...{ line, report: { domains: [] }, pages: [], nodes: [] },
    ...{ sentences: [], rung: [], restored: [] },
  });

  test.each([
    ["a thousand small pictures", 1, 1000],
    ["few large ones", 120_000, 16],
    ["one that is larger than all may be", 3_000_000, 1],
  ])("keeps %s", (_, cost, kept) => {
    const film = new Film();
    for (let line = 0; line < 1100; line++) film.add(numbered(line), cost);
    expect(film.length).toBe(kept);
    expect(film.forgotten).toBe(1100 - kept);
    expect(film.at(0)!.line).toBe(film.forgotten);
    expect(film.at(kept - 1)!.line).toBe(1099);
    expect(film.at(kept)).toBe(undefined);
  });
});

test("a window lets four pictures through, and more once they were heard", async () => {
  const window = new Window();
  const passed: number[] = [];
  const all = (async () => {
    for (let count = 1; count <= 9; count++) passed.push(await window.pass().then(() => count));
  })();
  for (const most of [4, 8]) {
    await new Promise((resolve) => setTimeout(resolve));
    expect(passed.length).toBe(most);
    window.heard();
  }
  await all;
  expect(passed.length).toBe(9);
});

describe("shown()", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const unlucky = {
    get a(): never {
      throw new Error("no");
    },
  };
  const wide: unknown = [0, 1, 2, 3].reduce((inner: unknown) => new Array(64).fill(inner), 0);

  test.each([
    [["a", 1, 2n, null], '["a", 1, 2n, null]'],
    [{ a: { b: [Uint8Array.of(1)] } }, "{ a: { b: [[1]] } }"],
    [cyclic, "[[[[…]]]]"],
    [Object.create(null), "Object {}"],
    [unlucky, "a value that cannot be shown"],
    [new Uint8Array(1e8), `[${"0, ".repeat(64)}… 99999936 more]`],
  ])("shows %#", (value, text) => {
    expect(shown(value)).toBe(text);
  });

  test.each([["a text", "a".repeat(1e6)], ["many values", wide], ["long texts", new Array(64).fill("a".repeat(1e6))]])(
    "is short for %s",
    (_, value) => {
      expect(shown(value).length).toBeLessThan(10_000);
    },
  );
});

test("a console sends 500 lines, and says how many it left out once they were heard", () => {
  const tell = vi.fn();
  const console = new Console(tell);
  for (let count = 0; count < 1000; count++) console.print([count], false);
  expect(tell).toHaveBeenCalledTimes(500);
  console.heard();
  expect(tell).toHaveBeenLastCalledWith({ type: "print", text: "… 500 more lines", isError: false });
  console.print(["next"], true);
  expect(tell).toHaveBeenLastCalledWith({ type: "print", text: "next", isError: true });
});
