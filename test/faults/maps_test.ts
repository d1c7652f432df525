/**
 * Faults of the peer's side: in copies and their segments, in unmap notifies of mappings, and in mappings of several
 * domains.
 */
import { describe, expect, test } from "vitest";
import type { CopySegment, MapFile, PeerMemory, UnmapNotify } from "../../src/contract/backend.ts";
import { Faults, InjectedFault } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { boom } from "../support/faulty_machine.ts";
import { grantError } from "../support/grant_error.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";

/** Two domains that grant pages to domain 0, whose calls may fail. */
function twoGranters() {
  const xen = new MockXen();
  const faults = new Faults();
  const pages = [1, 2].map((domid) =>
    new GrantDevice(xen.domain(domid)).open().allocate(0, { pages: 4, writable: true })
  );
  const views = pages.map((one) => one.map());
  const mapper = new GrantMapper(faults.wrap(xen.domain(0)));
  const finish = () => {
    faults.clear();
    mapper.close();
    faults.releaseAll();
    for (const view of views) view.unmap();
    for (const one of pages) one.free();
    xen.assertClean();
  };
  return { xen, faults, pages, views, mapper, finish };
}

/** Four segments that write 1 to 4 at the beginning of the pages of domain 1. */
function segments({ pages }: ReturnType<typeof twoGranters>) {
  return pages[0]!.grefs.map((gref, index) => ({ from: Uint8Array.of(index + 1), to: { domid: 1, gref } }));
}

/** The first bytes of the pages of domain 1. */
function written({ views }: ReturnType<typeof twoGranters>): number[] {
  return [0, 1, 2, 3].map((page) => views[0]!.bytes[page * 4096]!);
}

describe("a fault in `copy()`", () => {
  test("before it copies nothing, and after it everything", () => {
    for (const when of ["before", "after"] as const) {
      const all = twoGranters();
      all.faults.fail("copy", { when, error: boom });
      expect(grantError(() => all.mapper.copy(segments(all)))).toMatchObject({ operation: "copy", cause: boom });
      expect(written(all)).toEqual(when === "before" ? [0, 0, 0, 0] : [1, 2, 3, 4]);
      expect(all.mapper.copy(segments(all))).toEqual(["okay", "okay", "okay", "okay"]);
      all.finish();
    }
  });

  test("half-way copies the first segments, and the caller does not learn how many", () => {
    for (const afterSegments of [0, 1, 3, 4, 9]) {
      const all = twoGranters();
      all.faults.fail("copy", { afterSegments });
      const error = grantError(() => all.mapper.copy(segments(all)));
      expect(error.cause).toBeInstanceOf(InjectedFault);
      expect((error.cause as InjectedFault).call).toMatchObject({
        part: "maps",
        count: 4,
        grefs: all.pages[0]!.grefs,
      });
      expect(written(all)).toEqual([1, 2, 3, 4].map((value) => value <= afterSegments ? value : 0));
      all.finish();
    }
  });

  test("refuses wrong options", () => {
    const faults = new Faults();
    expect(() => faults.fail("map", { afterSegments: 1 })).toThrow("must be copy: current value is map");
    expect(() => faults.fail("copy", { afterPages: 1 })).toThrow("must be grant or endAccess: current value is copy");
    expect(() => faults.fail("copy", { afterSegments: 1, when: "after" })).toThrow("`when` must be left out");
    expect(() => faults.fail("copy", { afterSegments: -1 })).toThrow("`afterSegments` must be a whole number");
    expect(() => faults.fail("copy", { part: "events" })).toThrow(
      'must have calls of the kind copy: current value is "events"',
    );
  });
});

describe("`refuse()`", () => {
  test("refuses the nth segment, counted over all copies, with its status; the others are copied", () => {
    const all = twoGranters();
    const { faults, mapper, finish } = all;
    const rule = faults.refuse({ nth: 6, times: 2, status: -8 });
    expect(mapper.copy(segments(all))).toEqual(["okay", "okay", "okay", "okay"]);
    for (const view of all.views) view.bytes.fill(0);
    expect(mapper.copy(segments(all))).toEqual(["okay", "permission_denied", "permission_denied", "okay"]);
    expect(written(all)).toEqual([1, 0, 0, 4]);
    expect([rule.fired, faults.injected("copy", "maps")]).toEqual([2, 1]);
    finish();
  });

  test("refuses segments with some references; if those are all, the inner backend is not called", () => {
    const all = twoGranters();
    const { faults, mapper, pages, finish } = all;
    const [first, second] = pages[0]!.grefs;
    const rule = faults.refuse({ grefs: [second!], times: Infinity });
    expect(mapper.copy(segments(all))).toEqual(["okay", "general_error", "okay", "okay"]);
    const between = { from: { domid: 1, gref: first! }, to: { domid: 1, gref: second! }, length: 8 };
    expect(mapper.copy([between])).toEqual(["general_error"]);
    rule.clear();
    expect(mapper.copy([between])).toEqual(["okay"]);

    let asked = 0;
    const copy = () => [asked++];
    const file = faults.wrap({ maps: mapBackend({ copy }) }).maps.open();
    faults.refuse({ times: 1 });
    const segment: CopySegment = { from: new Uint8Array(1), to: { domid: 1, gref: 8, offset: 0 }, length: 1 };
    expect([file.copy([segment]), asked]).toEqual([[-1], 0]);
    expect([file.copy([segment]), asked]).toEqual([[0], 1]);
    finish();
  });

  test("takes the status of the rule that was set first, and each rule counts", () => {
    const all = twoGranters();
    const first = all.faults.refuse({ nth: 2, status: -2 });
    const second = all.faults.refuse({ nth: 2, times: 2, status: -3 });
    expect(all.mapper.copy(segments(all))).toEqual(["okay", "bad_domain", "bad_gntref", "bad_gntref"]);
    expect([first.fired, second.fired]).toEqual([1, 2]);
    all.finish();
  });

  test("refuses at random with a rate, the same way for the same seed, until it is cleared", () => {
    const run = (seed: number) => {
      const faults = new Faults({ seed });
      const file = faults.wrap({ maps: mapBackend({ copy: (segments) => segments.map(() => 0) }) }).maps.open();
      faults.refuse({ rate: 0.5 });
      const segments = Array.from({ length: 64 }, (_, gref): CopySegment => ({
        from: new Uint8Array(1),
        to: { domid: 1, gref, offset: 0 },
        length: 1,
      }));
      const statuses = file.copy(segments);
      faults.clear();
      expect(file.copy(segments).every((status) => status === 0)).toBe(true);
      return statuses.join();
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
    expect(run(1)).toMatch(/-1.*0,.*-1/);
  });

  test("does not apply to a copy that fails before", () => {
    const all = twoGranters();
    const rule = all.faults.refuse();
    all.faults.fail("copy");
    grantError(() => all.mapper.copy(segments(all)));
    expect(rule.fired).toBe(0);
    expect(all.mapper.copy(segments(all))[0]).toBe("general_error");
    all.finish();
  });

  test("refuses wrong options", () => {
    const faults = new Faults();
    expect(() => faults.refuse(null as unknown as object)).toThrow("the options must be a plain object");
    expect(() => faults.refuse({ grefs: 7 as unknown as number[] })).toThrow("must be an array of grant references");
    for (const status of [0, 1, -32_769, 0.5]) {
      expect(() => faults.refuse({ status })).toThrow("`status` must be a whole number from -32768 to -1");
    }
    expect(() => faults.refuse({ nth: 0 })).toThrow("`nth`");
    expect(() => faults.refuse({ times: 0 })).toThrow("`times`");
    expect(() => faults.refuse({ rate: 2 })).toThrow("`rate`");
  });
});

describe("an inner backend that returns wrong statuses", () => {
  const segments = [7, 8].map((gref): CopySegment => ({
    from: new Uint8Array(1),
    to: { domid: 1, gref, offset: 0 },
    length: 1,
  }));

  test("is passed on unchanged", () => {
    for (const nonsense of [undefined, null, [], [1, 2, 3], "00", [NaN, {}]]) {
      const file = new Faults().wrap({ maps: mapBackend({ copy: () => nonsense as number[] }) }).maps.open();
      expect(file.copy(segments)).toBe(nonsense);
    }
  });

  test("beside a refused segment fails, as nobody could tell which segments the statuses are of", () => {
    for (const nonsense of [undefined, [], [0, 0], "0", { length: 1, 0: 0 }]) {
      const faults = new Faults();
      const file = faults.wrap({ maps: mapBackend({ copy: () => nonsense as number[] }) }).maps.open();
      faults.refuse({ nth: 2 });
      expect(() => file.copy(segments)).toThrow("a status for each of 1 segments");
    }
  });
});

describe("a fault in `setUnmapNotify()` of a mapping", () => {
  test("before or after it leaves what was set before", () => {
    for (const when of ["before", "after"] as const) {
      const { faults, pages, views, mapper, finish } = twoGranters();
      const theirs = mapper.map(1, pages[0]!.grefs, { writable: true });
      theirs.setUnmapNotify({ clearByte: 1 });
      const rule = faults.fail("notify", { part: "maps", when, error: boom });
      const error = grantError(() => theirs.setUnmapNotify({ clearByte: 4097 }));
      expect(error).toMatchObject({ operation: "notify", cause: boom });
      expect(rule.fired).toBe(1);
      views[0]!.bytes.fill(9);
      theirs.unmap();
      expect([views[0]!.bytes[1], views[0]!.bytes[4097]]).toEqual([0, 9]);
      finish();
    }
  });

  test("tells hooks the pages of the mapping, and their domain if it is the same for all", () => {
    const { faults, pages, mapper, finish } = twoGranters();
    const calls: object[] = [];
    for (const kind of ["map", "notify", "unmap"] as const) faults.before(kind, (call) => calls.push(call));
    const [one, other] = [pages[0]!.grefs[0]!, pages[1]!.grefs[0]!];
    for (
      const mapping of [mapper.map(1, [one]), mapper.mapGrants([{ domid: 1, gref: one }, { domid: 2, gref: other }])]
    ) {
      mapping.setUnmapNotify({});
      mapping.unmap();
    }
    const [alone, both] = [{ part: "maps", domid: 1, count: 1, grefs: [one] }, { part: "maps", grefs: [one, other] }];
    expect(calls).toMatchObject([
      { ...alone, kind: "map" },
      { ...both, kind: "map" },
      { ...alone, kind: "notify" },
      { ...alone, kind: "unmap" },
      { ...both, kind: "notify" },
      { ...both, kind: "unmap" },
    ]);
    expect(calls.filter((call) => "domid" in call).length).toBe(3);
    finish();
  });

  test("undoes the first notify of a mapping by setting none", () => {
    const set: UnmapNotify[] = [];
    const faults = new Faults();
    const setUnmapNotify = (notify: UnmapNotify) => void set.push(notify);
    const file: MapFile = faults.wrap({ maps: mapBackend({ map: () => peerMemory({ setUnmapNotify }) }) }).maps.open();
    const memory = file.map(1, [8], true);
    faults.fail("notify", { when: "after", error: boom });
    expect(() => memory.setUnmapNotify({ clearByte: 1 })).toThrow(boom);
    memory.setUnmapNotify({ clearByte: 2 });
    expect(set).toEqual([{ clearByte: 1 }, {}, { clearByte: 2 }]);
  });
});

describe("memory in parts", () => {
  test("is passed on unchanged, and read when the caller reads it", () => {
    const parts = [new Uint8Array(4096), new Uint8Array(8192)];
    const faults = new Faults();
    let asked = 0;
    const late = () => ({
      ...peerMemory({ bytes: new Uint8Array(0) }),
      get parts() {
        asked++;
        return parts;
      },
    });
    const map = (memory: () => PeerMemory) => faults.wrap({ maps: mapBackend({ map: memory }) }).maps.open().map;
    const memory = map(late)([1, 2], [8, 9], true);
    expect(asked).toBe(0);
    expect(memory.parts).toBe(parts);
    expect(map(() => peerMemory())(1, [8], true).parts).toBe(undefined);
  });

  test("of several domains is mapped through faults as without them", () => {
    const { pages, views, mapper, finish } = twoGranters();
    views[0]!.bytes[0] = 1;
    views[1]!.bytes[0] = 2;
    const grants = pages.map(({ grefs }, index) => ({ domid: index + 1, gref: grefs[0]! }));
    const theirs = mapper.mapGrants(grants, { writable: true });
    expect(theirs.parts.map((part) => part[0])).toEqual([1, 2]);
    theirs.unmap();
    finish();
  });
});
