/** What a replay finds: references that differ, the first difference, and backends that misbehave. */
import { describe, expect, test } from "vitest";
import { type MockProfile, MockXen } from "../../backends/mock.ts";
import { replay } from "../../backends/record.ts";
import { GrefMap } from "../../backends/record/gref_map.ts";
import { GrantDevice, GrantError, GrantMapper } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";
import { mapBackend, NO_MEMORY } from "../support/map_backend.ts";
import { domainsOf, HEADER, recorded, recording, replayOn } from "../support/recorded.ts";
import { thrown } from "../support/thrown.ts";
import { replaceMethods } from "../support/replace_methods.ts";

/** A reference that nobody grants. */
const NOBODYS = 0xffff_ffff;

describe("references", () => {
  /** A machine whose domain 1 has granted pages to others, and has references to give out in another order. */
  function worn(profile: MockProfile) {
    const xen = new MockXen({ profile });
    const device = new GrantDevice(xen.domain(1));
    const pages = device.open().allocate(3, { pages: 20 });
    for (const start of [3, 11, 5, 17]) pages.free({ start, count: 1 });
    return { xen, device };
  }

  test("are those of the replaying backend, on both sides", () => {
    const { trace, device, mapper } = recorded();
    const allocator = device.open();
    const first = allocator.allocate(0, { pages: 4 });
    const view = first.map({ start: 2, count: 1 });
    mapper.map(1, [first.grefs[3]!]).unmap();
    allocator.setUnmapNotify(1, { clearByte: 0 });
    first.free({ start: 0, count: 2 });
    const second = allocator.allocate(0, { pages: 6, writable: true });
    mapper.map(1, [second.grefs[5]!], { writable: true }).unmap();
    view.unmap();
    device.close();
    mapper.close();

    const { xen, device: other } = worn("linux-5.16");
    const { difference, left } = replay(trace, { domains: domainsOf(xen) });
    expect(difference?.message).toBe(undefined);
    expect(left).toEqual([]);
    expect(other.inspect().live).toBe(16);
    other.close();
    xen.assertClean();
  });

  test("that the peer guessed, or whose pages are gone, do not lead to other pages", () => {
    const references = new GrefMap();
    references.granted(8, 12);
    references.granted(9, 13);
    expect([8, 9, 77].map((gref) => references.replayed(gref))).toEqual([12, 13, 77]);
    expect(references.replayed(12)).toBe(NOBODYS);
    // Both pages are gone. The recording used the second reference again, the replay the first.
    references.granted(9, 12);
    expect([8, 9, 12].map((gref) => references.replayed(gref))).toEqual([NOBODYS, 12, NOBODYS]);
    references.granted(8, 13);
    expect([8, 9].map((gref) => references.replayed(gref))).toEqual([13, 12]);

    const { trace, device, mapper } = recorded();
    device.open().allocate(0);
    const { xen, device: other } = worn("linux-6.1");
    const guess = 25;
    expect(() => mapper.map(1, [guess])).toThrow(GrantError);
    device.close();
    expect(replay(trace, { domains: domainsOf(xen) }).difference?.message).toBe(undefined);
    const granted = new GrantDevice(xen.domain(1)).open().allocate(0);
    expect(granted.grefs).toEqual([guess]);
    granted.free();
    other.close();
    xen.assertClean();
  });

  test("of other granters stay as they are, and domains may stand for others", () => {
    const trace = [
      HEADER,
      `{"part":"grants","call":"open","file":1}`,
      `{"part":"grants","call":"grant","file":1,"page":0,"count":1,"domid":5,"writable":false,"grefs":[700]}`,
      `{"part":"maps","call":"open","domain":1,"file":2}`,
      `{"part":"maps","call":"map","file":2,"domid":4,"grefs":[700],"writable":false,"mapping":1,"bytes":4096}`,
      `{"part":"maps","call":"map","file":2,"domid":3,"grefs":[8],"writable":false,"mapping":2,"bytes":4096}`,
    ];
    const xen = new MockXen();
    const other = new GrantDevice(xen.domain(3));
    expect(other.open().allocate(0).grefs).toEqual([8]);
    const domains = domainsOf(xen);
    const domids = { 5: 0, 4: 1 };
    expect(replay(trace, { domains, domids, granter: 4 })).toMatchObject({ calls: 5, cut: false, left: [] });
    expect(replay(trace, { domains, domids: { 5: 0 }, granter: 4 }).difference?.line).toBe(5);
    expect(replay(trace, { domains, domids: { 4: 1 }, granter: 4 }).difference?.line).toBe(5);
    // Without `granter`, the reference of the other domain is taken for one of the granter.
    expect(replay(trace, { domains, domids }).difference?.got.error?.message).toContain("4294967295");
    other.close();
    xen.assertClean();
  });
});

describe("a difference", () => {
  const trace = [
    HEADER,
    `{"part":"grants","call":"limit","limit":1024}`,
    `{"part":"grants","call":"open","file":1}`,
    `{"part":"grants","call":"grant","file":1,"page":0,"count":4,"domid":0,"writable":true,"grefs":[8,9,10,11]}`,
    `{"part":"grants","call":"map","file":1,"page":0,"count":4,"gref":8,"writable":true,"mapping":1,"bytes":16384}`,
    `{"part":"maps","call":"open","domain":1,"file":2}`,
    `{"part":"maps","call":"map","file":2,"domid":1,"grefs":[9],"writable":true,"mapping":2,"bytes":4096}`,
  ];

  /** The difference that one more line makes. */
  const difference = (line: string, xen = new MockXen({ profile: "linux-5.16" })) =>
    replayOn(xen, [...trace, line]).difference;

  test("has both answers and the calls before it, and leaves nothing open", () => {
    const line = `{"part":"grants","call":"endAccess","file":1,"page":0,"count":4,"grefs":[8,9,10,11],"held":[3]}`;
    const found = difference(line)!;
    expect(found).toMatchObject({ line: 8, call: { call: "endAccess" }, expected: { held: [3] }, got: { held: [1] } });
    expect(found.before.map((call) => call.line)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(found.message).toBe(
      `The replay differs from the recording in line 8: ${line}\nexpected {"held":[3]}\ngot      {"held":[1]}\nafter` +
        trace.slice(1).map((line, index) => `\n  line ${index + 2}: ${line}`).join(""),
    );
  });

  test("shows the last 8 calls before it", () => {
    const calls = [...trace, ...Array(10).fill(trace[1]), `{"part":"grants","call":"limit","limit":7}`];
    const found = replayOn(new MockXen(), calls).difference!;
    expect(found.before.map((call) => call.line)).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
  });

  test("may be in any answer, or in whether the call fails", () => {
    const error = `"error":{"code":"no-space","errno":28,"message":""}`;
    const map = `{"part":"maps","call":"map","file":2,"domid":1,"grefs":[9],"writable":true,`;
    expect(difference(`{"part":"grants","call":"limit","limit":7}`)).toMatchObject({ got: { limit: 1024 } });
    expect(difference(`{"part":"grants","call":"open",${error}}`)).toMatchObject({
      expected: { error: { errno: 28 } },
    });
    expect(difference(`{"part":"maps","call":"open","domain":1,${error}}`)?.got).toEqual({});
    expect(difference(`${map}"mapping":3,"bytes":8192}`)).toMatchObject({
      expected: { bytes: 8192 },
      got: { bytes: 4096 },
    });
    expect(difference(`${map}${error}}`)?.got).toEqual({ bytes: 4096 });
    expect(difference(`{"part":"maps","call":"unmap","mapping":2,${error}}`)?.got).toEqual({});
    const grant = `{"part":"grants","call":"grant","file":1,"page":4,"count":2,"domid":0,"writable":true,`;
    expect(difference(`${grant}"grefs":[12],${error}}`)).toMatchObject({
      expected: { granted: 1 },
      got: { granted: 2 },
    });
    expect(difference(`${grant}"grefs":[12]}`)?.got).toEqual({ granted: 2 });
    const small = trace.with(1, `{"part":"grants","call":"limit","limit":5}`);
    const { difference: full } = replayOn(new MockXen({ limit: 5 }), [...small, `${grant}"grefs":[12,13]}`]);
    expect(full).toMatchObject({ got: { granted: 0, error: { code: "kernel-limit-reached", errno: 28 } } });
  });
});

describe("errors", () => {
  const trace = (code: string, errno: string) => [
    HEADER,
    `{"part":"maps","call":"open","domain":1,"file":1}`,
    `{"part":"maps","call":"map","file":1,"domid":1,"grefs":[9],"writable":true,"error":{"code":"${code}"${errno}}}`,
  ];

  test("are compared by code, and by errno if the option is set", () => {
    const same = trace("map-refused", `,"errno":22`);
    expect(replayOn(new MockXen(), same, { errno: true }).calls).toBe(2);
    const other = trace("map-refused", `,"errno":2`);
    expect(replayOn(new MockXen(), other).difference).toBe(undefined);
    expect(replayOn(new MockXen(), other, { errno: true }).difference?.line).toBe(3);
    expect(replayOn(new MockXen(), trace("map-refused", ""), { errno: true }).difference?.line).toBe(3);
    expect(replayOn(new MockXen(), trace("unsupported", `,"errno":22`)).difference?.line).toBe(3);
  });
});

describe("marks", () => {
  const trace = [
    HEADER,
    `{"call":"mark","name":"limit","value":7}`,
    `{"call":"mark","name":"__defineGetter__"}`,
    `{"part":"grants","call":"limit","limit":7}`,
  ];

  test("are handled by name, or skipped", () => {
    const xen = new MockXen();
    const marks = { limit: (pages: unknown) => xen.domain(1).limit = pages as number };
    expect(replayOn(xen, trace, { marks })).toEqual({ calls: 1, cut: false, left: [] });
    expect(replayOn(new MockXen(), trace).difference?.before.map((call) => call.call)).toEqual(["mark", "mark"]);
  });

  test("whose handler throws end the replay, which closes everything", () => {
    const xen = new MockXen();
    const boom = new Error("boom");
    const calls = [
      HEADER,
      `{"part":"grants","call":"open","file":1}`,
      `{"part":"grants","call":"grant","file":1,"page":0,"count":2,"domid":0,"writable":true,"grefs":[8,9]}`,
      `{"part":"maps","call":"open","domain":1,"file":2}`,
      `{"part":"maps","call":"map","file":2,"domid":1,"grefs":[9],"writable":true,"mapping":1,"bytes":4096}`,
      `{"call":"mark","name":"boom"}`,
    ];
    const marks = {
      boom() {
        expect(() => xen.assertClean()).toThrow();
        throw boom;
      },
    };
    expect(thrown(() => replayOn(xen, calls, { marks }))).toBe(boom);
    xen.assertClean();
  });
});

describe("backends that misbehave:", () => {
  test("a wrong answer of `endAccess` is recorded, and access to the pages ends later", () => {
    for (const held of [[3], [1, 1], [2, 1], ["x"], undefined, null, {}, 3]) {
      const lies = () => {
        const xen = new MockXen();
        let lie = true;
        const grants = replaceMethods(xen.domain(1).grants, (file) => ({
          endAccess(...args) {
            if (!lie) return file.endAccess(...args);
            lie = false;
            return held as unknown as number[];
          },
        }));
        return { xen, grants };
      };
      const { trace, recorder } = recording();
      const { xen, grants } = lies();
      const device = new GrantDevice(recorder.wrap({ grants }), { core: debugCore });
      const pages = device.open().allocate(0, { pages: 3 });
      expect(() => pages.free()).toThrow(GrantError);
      device.close();
      xen.assertClean();
      expect(trace.filter((line) => line.includes("endAccess")).length).toBe(2);

      const again = lies();
      expect(replay(trace, { domains: [again] }).difference?.message).toBe(undefined);
      again.xen.assertClean();
      expect(replayOn(new MockXen(), trace).difference?.got).toEqual({ held: [] });
    }
  });

  test("an answer of `map` without memory is passed on", () => {
    const { trace, recorder } = recording();
    const maps = mapBackend({ map: () => NO_MEMORY });
    const mapper = new GrantMapper(recorder.wrap({ maps }));
    expect(thrown(() => mapper.map(1, [8]))).toMatchObject({ code: "backend-failed" });
    mapper.close();
    expect(trace[2]).toMatch(/"mapping":1,"bytes":0}$/);
    expect(replay(trace, { domains: [{ maps }] })).toEqual({ calls: 3, cut: false, left: [] });
  });

  test("each file is closed once", () => {
    let closes = 0;
    const maps = mapBackend({ close: () => void closes++ }, "counting");
    const lines = [1, 2].map((file) => `{"part":"maps","call":"open","file":${file}}`);
    replay([HEADER, ...lines, `{"part":"maps","call":"close","file":1}`], { domains: [{ maps }] });
    expect(closes).toBe(2);
  });

  test("what cannot be given back at the end is reported", () => {
    const xen = new MockXen({ profile: "linux-5.16" });
    const lines = [
      HEADER,
      `{"part":"grants","call":"open","file":1}`,
      `{"part":"grants","call":"grant","file":1,"page":0,"count":2,"domid":0,"writable":true,"grefs":[70,71]}`,
      `{"part":"grants","call":"map","file":1,"page":0,"count":2,"gref":70,"writable":true,"mapping":1,"bytes":8192}`,
      `{"call":"mark","name":"stranger"}`,
    ];
    const stranger = new GrantMapper(xen.domain(0));
    const boom = () => {
      throw new Error("boom");
    };
    const grants = replaceMethods(xen.domain(1).grants, (file) => ({
      map: (...args) => ({ bytes: file.map(...args).bytes, unmap: boom }),
      endAccess: (page, ...rest) => page === 1 ? boom() : file.endAccess(page, ...rest),
      close: boom,
    }));
    const report = replay(lines, { domains: [{ grants }], marks: { stranger: () => stranger.map(1, [8]) } });
    expect(report).toEqual({
      calls: 3,
      cut: false,
      openAtEnd: ["mapping 1", "2 pages of file 1", "file 1"],
      left: ["mapping 1: boom", "page 0 of file 1: its peer maps it", "page 1 of file 1: boom", "file 1: boom"],
    });
  });
});
