/** Traces that are cut, broken or written by hand. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { parseTrace, replay, type ReplayOptions, TraceError } from "../../backends/record.ts";
import { domainsOf, HEADER, recorded, replayOn } from "../support/recorded.ts";
import { thrown } from "../support/thrown.ts";

describe("a trace that was cut", () => {
  const { trace, device, mapper } = recorded({ profile: "linux-5.16" });
  const allocator = device.open();
  const pages = allocator.allocate(0, { pages: 5, writable: true });
  const theirs = mapper.map(1, pages.grefs);
  const ours = pages.map();
  pages.free();
  theirs.unmap();
  ours.unmap();
  mapper.close();
  device.close();
  const text = trace.map((line) => line + "\n").join("");

  test("after any line is replayed up to there, and leaves nothing open", () => {
    for (let lines = 1; lines <= trace.length; lines++) {
      const report = replayOn(new MockXen({ profile: "linux-5.16" }), trace.slice(0, lines));
      expect(report).toMatchObject({ calls: lines - 1, cut: false, left: [] });
      expect(report.difference).toBe(undefined);
    }
  });

  test("in the middle of a line is reported as cut", () => {
    const second = trace.at(-1)!;
    expect(replayOn(new MockXen({ profile: "linux-5.16" }), text.slice(0, -10))).toMatchObject({
      calls: trace.length - 2,
      cut: true,
    });
    expect(replayOn(new MockXen(), [...trace.slice(0, 2), second.slice(0, 20)])).toMatchObject({ calls: 1, cut: true });
    expect(replayOn(new MockXen(), `{"trace":"gnt`)).toMatchObject({ calls: 0, cut: true });
    // A complete line is broken instead.
    expect(() => parseTrace(text.slice(0, -10) + "\n")).toThrow(TraceError);
  });

  test("between the last line and its line break is complete", () => {
    expect(replayOn(new MockXen({ profile: "linux-5.16" }), text.slice(0, -1))).toMatchObject({
      calls: trace.length - 1,
      cut: false,
    });
  });
});

test("a trace that ends with something open has it in the report, unless it was cut or differs", () => {
  const trace = [
    HEADER,
    `{"part":"grants","call":"open","file":1}`,
    `{"part":"grants","call":"grant","file":1,"page":0,"count":3,"domid":0,"writable":true,"grefs":[8,9,10]}`,
    `{"part":"grants","call":"endAccess","file":1,"page":1,"count":2,"grefs":[9,10],"held":[]}`,
    `{"part":"maps","call":"open","domain":1,"file":2}`,
    `{"part":"maps","call":"map","file":2,"domid":1,"grefs":[8],"writable":true,"mapping":1,"bytes":4096}`,
  ];
  const open = ["mapping 1", "1 page of file 1", "file 1", "file 2"];
  expect(replayOn(new MockXen(), trace)).toEqual({ calls: 5, cut: false, openAtEnd: open, left: [] });
  expect("openAtEnd" in replayOn(new MockXen(), [...trace, "{"])).toBe(false);
  expect("openAtEnd" in replayOn(new MockXen({ limit: 2 }), trace)).toBe(false);
});

test("a text that is no trace is not taken for one that was cut", () => {
  for (const text of ["/var/log/trace.jsonl", "trace.jsonl"]) {
    expect(thrown(() => replay(text, { domains: [] })).message).toBe(
      `Cannot use the trace: in line 1, there must be a header, \`${HEADER}\`: current text is "${text}". ` +
        "This looks like a path: pass the text of the file",
    );
  }
  for (const text of [`{"trace":"gntalloc","version":2,`, `{"trace":"gntalloc","version":1,`, `{"part":"grants"`]) {
    expect(thrown(() => replay(text, { domains: [] })).message).toMatch(
      /line 1, there must be a header, .*: current text is "[^.]*$/,
    );
  }
  for (let length = 1; length < HEADER.length; length++) {
    expect(parseTrace("\n  " + HEADER.slice(0, length))).toEqual({ calls: [], cut: true });
  }
});

test("wrong options of a replay are refused", () => {
  expect(() => replay(HEADER, null as unknown as ReplayOptions)).toThrow(TypeError);
  const refused = (options: object) => expect(() => replay(HEADER, { domains: [], ...options }));
  refused({ granter: 0x7ff0 }).toThrow("Cannot replay as `granter` must be a whole number from 0");
  refused({ domids: { 5: -1 } }).toThrow(RangeError);
  refused({ domids: { 5: "1" } }).toThrow(TypeError);
  refused({ domids: 5 }).toThrow("`domids` must be a plain object");
  refused({ domains: undefined }).toThrow("`domains` must be an array, with a domain for each recorded one");
  refused({ domains: [null] }).toThrow("Cannot replay as `domains[0]` must be an object: current value is null");
});

describe("a broken trace", () => {
  const OPEN = `{"part":"grants","call":"open","file":1}`;
  const GRANT = `{"part":"grants","call":"grant","file":1,"page":0,"count":2,"domid":0,"writable":true,"grefs":[8,9]}`;
  const END = `{"part":"grants","call":"endAccess","file":1,"page":0,"count":2,"grefs":[8,9],"held":[]}`;
  const PEER = `{"part":"maps","call":"open","domain":1,"file":2}`;
  const MAP = `{"part":"maps","call":"map","file":2,"domid":1,"grefs":[8],"writable":true,"mapping":1,"bytes":4096}`;
  const OURS =
    `{"part":"grants","call":"map","file":1,"page":0,"count":1,"gref":8,"writable":true,"mapping":1,"bytes":4096}`;

  const broken: Record<string, [lines: string[], message: string]> = {
    "empty": [["", " "], "line 1, there must be a header"],
    "without a header": [[OPEN], "line 1, `trace` must be"],
    "of another version": [
      ["", `{"trace":"gntalloc","version":2}`],
      "line 2, `version` must be 1: current value is 2",
    ],
    "of no JSON": [[HEADER, "oops", OPEN], 'line 2, there must be a JSON object: current text is "oops"'],
    "of a number": [[HEADER, "7"], "line 2, there must be a JSON object"],
    "of an unknown call": [[HEADER, "", `{"part":"grants","call":"fly"}`], 'current values are "grants" and "fly"'],
    "of a call of another part": [[HEADER, `{"part":"maps","call":"limit","limit":1}`], "line 2, `part` and `call`"],
    "of a call by an inherited name": [[HEADER, `{"part":"toString"}`], "line 2, `part` and `call`"],
    "without a field": [[HEADER, OPEN, GRANT.replace(`"page":0,`, "")], "line 3, `page` must be a whole number"],
    "with a field of another type": [[HEADER, OPEN, GRANT.replace("true", "1")], "line 3, `writable` must be true or"],
    "with a count of 0": [[HEADER, OPEN, GRANT.replace(`"count":2`, `"count":0`)], "line 3, `count` must be"],
    "with a domain that is none": [[HEADER, GRANT.replace(`"domid":0`, `"domid":32752`)], "line 2, `domid` must be"],
    "with a reference that is none": [[HEADER, GRANT.replace("9]", "4294967296]")], "line 2, `grefs` must be an array"],
    "with more references than pages": [[HEADER, GRANT.replace("9]", "9,10]")], "`grefs` must be at most 2: current"],
    "with fewer references than pages": [[HEADER, END.replace(",9]", "]")], "`grefs` must be 2: current value is 1"],
    "with no reference": [[HEADER, MAP.replace("[8]", "[]")], "`grefs` must be at least 1: current value is 0"],
    "without an answer": [[HEADER, OPEN.replace(`,"file":1`, "")], "line 2, `file` must be a whole number"],
    "with an error without a code": [[HEADER, `{"part":"grants","call":"open","error":"x"}`], "must have a `code`"],
    "with an error that is none": [[HEADER, `{"part":"grants","call":"open","error":null}`], "must have a `code`"],
    "with a notify that is none": [
      [HEADER, `{"part":"grants","call":"notify","file":1,"page":0,"gref":8,"clearByte":"x"}`],
      "line 2, `clearByte` must be",
    ],
    "with a port that is none": [
      [HEADER, `{"part":"grants","call":"notify","file":1,"page":0,"gref":8,"eventPort":131072}`],
      "line 2, `eventPort` must be a whole number from 0 to 131071",
    ],
    ...Object.fromEntries(
      [GRANT, END, OURS].map((line, index): [string, [string[], string]] => [
        `with pages beyond what can be counted, ${["grant", "endAccess", "map"][index]}`,
        [[HEADER, line.replace(`"page":0`, `"page":${Number.MAX_SAFE_INTEGER}`)], "line 2, `page` + `count` must be"],
      ]),
    ),
    "with a mark without a name": [[HEADER, `{"call":"mark"}`], "line 2, `name` must be a string"],
    "of a file that is not open": [[HEADER, OPEN, GRANT.replace(`"file":1`, `"file":3`)], "line 3, `file` must be one"],
    "of a file of another part": [
      [HEADER, OPEN, MAP.replace(`"file":2`, `"file":1`)],
      'open in the part "maps"',
    ],
    "that opens a file twice": [[HEADER, OPEN, OPEN], "line 3, `file` must be a number that no open file has"],
    "that grants a page twice": [[HEADER, OPEN, GRANT, GRANT], "line 4, page 0 must not be granted already"],
    "that ends a page twice": [[HEADER, OPEN, GRANT, END, END], "line 5, page 0 must be granted with reference 8"],
    "that names a page by another reference": [
      [HEADER, OPEN, GRANT, OURS.replace(`"gref":8`, `"gref":9`)],
      "line 4, page 0 must be granted with reference 9 in its file: that page has reference 8",
    ],
    "that maps as another mapping": [
      [HEADER, OPEN, GRANT, PEER, MAP, OURS],
      "line 6, `mapping` must be a number that no mapping has: current value is 1",
    ],
    "that unmaps twice": [
      [HEADER, OPEN, GRANT, PEER, MAP, ...Array(2).fill(`{"part":"maps","call":"unmap","mapping":1}`)],
      'line 7, `mapping` must be one of the part "maps"',
    ],
    "that unmaps in another part": [
      [HEADER, OPEN, GRANT, PEER, MAP, `{"part":"grants","call":"unmap","mapping":1}`],
      'line 6, `mapping` must be one of the part "grants": current value is 1',
    ],
    "that closes a file of which pages are granted": [
      [HEADER, OPEN, GRANT, `{"part":"grants","call":"close","file":1}`],
      "line 4, file 1 must be unused when it is closed: its granted pages are 2, its mappings 0",
    ],
    "that closes a file of which pages are mapped": [
      [HEADER, OPEN, GRANT, PEER, MAP, `{"part":"maps","call":"close","file":2}`],
      "line 6, file 2 must be unused when it is closed: its granted pages are 0, its mappings 1",
    ],
  };

  for (const [what, [lines, message]] of Object.entries(broken)) {
    test(`${what} is refused with the number of its line, and leaves nothing open`, () => {
      const xen = new MockXen();
      // With a line break, as a last line without one would count as cut.
      const error = thrown(() => replay([...lines, ""], { domains: domainsOf(xen) }));
      expect(error).toBeInstanceOf(TraceError);
      expect(error.message).toContain(message);
      expect(error.message).toMatch(/^Cannot use the trace: in line \d+, /);
      xen.assertClean();
    });
  }

  test("of a part that no domain has is refused", () => {
    const xen = new MockXen();
    const { grants, maps } = xen.domain(1);
    expect(thrown(() => replay([HEADER, PEER], { domains: [{ maps }, { grants }] })).message).toBe(
      'Cannot use the trace: in line 2, `part` must be a part of its domain: current value is "maps", and the domain has ' +
        "none. Pass a domain that has one at index 1 of the option `domains`",
    );
    expect(thrown(() => replay([HEADER, OPEN], { domains: [{ maps }] }))).toMatchObject({ line: 2 });
  });

  test("is not replayed at all if a line cannot be read", () => {
    let opens = 0;
    const grants = new MockXen().domain(1).grants;
    const counting = { ...grants, open: () => (opens++, grants.open()) };
    expect(() => replay([HEADER, OPEN, "{}"], { domains: [{ grants: counting }] })).toThrow(TraceError);
    expect(opens).toBe(0);
  });

  test("may have unknown fields", () => {
    expect(parseTrace([HEADER, OPEN.replace("{", `{"comment":"by hand",`)]).calls).toMatchObject([{
      line: 2,
      file: 1,
    }]);
  });
});
