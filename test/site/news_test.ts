import { describe, expect, test, vi } from "vitest";
import { isNews } from "../../site/src/play/news.ts";
import { sharing } from "../../site/src/play/sharing.ts";
import type { Frame } from "../../site/src/protocol.ts";
import { Console } from "../../site/src/runner/console.ts";
import { shown } from "../../site/src/runner/printing.ts";
import { EventChannels, GrantDevice } from "../../mod.ts";
import { MockXen } from "../../backends/mock.ts";

/** A picture of a machine that has something of everything. */
function frameOf(byte: number): Frame {
  const xen = new MockXen();
  const share = new GrantDevice(xen.domain(1)).open().share(0);
  new EventChannels(xen.domain(1)).bindUnbound(0);
  const pages = [
    { domid: 1, gref: share.grefs[0]!, bytes: new Uint8Array(4096).fill(byte) },
    { domid: 1, gref: 99, bytes: undefined },
  ];
  const nodes = [{ path: "/a", value: "b" }];
  return { line: 1, report: xen.inspect(), pages, nodes, sentences: ["It maps."], rung: [{ domid: 1, port: 1 }] };
}

describe("isNews()", () => {
  const frame = frameOf(1);
  const [domain] = frame.report.domains;

  test.each([
    { type: "frame", frame, waits: true },
    { type: "frame", frame: { ...frame, line: undefined, report: { domains: [] } }, waits: false },
    { type: "print", text: "a".repeat(10_000), isError: false },
    { type: "world", text: "" },
    { type: "end", failure: undefined },
    { type: "end", failure: { text: "a", code: undefined, line: 3 } },
  ])("takes %j", (news) => {
    expect(isNews(news)).toBe(true);
  });

  test.each([
    ["nothing", undefined],
    ["a text", "print"],
    ["an unknown kind", { type: "toString" }],
    ["no text", { type: "print", text: {}, isError: false }],
    ["a huge text", { type: "print", text: "a".repeat(10_001), isError: false }],
    ["no picture", { type: "frame", frame: null, waits: true }],
    ["markup for a number", {
      type: "frame",
      frame: { ...frame, report: { domains: [{ ...domain, domid: "<b>" }] } },
      waits: true,
    }],
    ["markup for a count", {
      type: "frame",
      frame: { ...frame, report: { domains: [{ ...domain, processes: [{ process: 0, ownPages: "<b>" }] }] } },
      waits: true,
    }],
    ["too many grants", {
      type: "frame",
      frame: { ...frame, report: { domains: [{ ...domain, grants: new Array(20_001).fill(domain!.grants[0]) }] } },
      waits: true,
    }],
    ["too large a page", {
      type: "frame",
      frame: { ...frame, pages: [{ domid: 1, gref: 8, bytes: new Uint8Array(4097) }] },
      waits: true,
    }],
  ])("refuses %s", (_, news) => {
    expect(isNews(news)).toBe(false);
  });
});

describe("sharing()", () => {
  test("shares the bytes of pages that are as they were", () => {
    const [first, same, changed] = [frameOf(1), frameOf(1), frameOf(2)];
    expect(sharing(same, first).pages[0]!.bytes).toBe(first.pages[0]!.bytes);
    expect(sharing(same, first)).toEqual(same);
    expect(sharing(changed, first)).toEqual(changed);
  });
});

describe("shown()", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const wide: unknown = [0, 1, 2, 3].reduce((inner: unknown) => new Array(64).fill(inner), 0);

  test.each([
    [["a", 1, 2n, null], '["a", 1, 2n, null]'],
    [{ a: { b: [Uint8Array.of(1)] } }, "{ a: { b: [[1]] } }"],
    [cyclic, "[[[[…]]]]"],
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
