/** Injected faults: each gives the right error, the books balance, the backend below loses nothing, and the next call works. */
import { describe, expect, test } from "vitest";
import type { MappedMemory } from "../backends/backend.ts";
import { type FailOptions, type FaultKind, Faults, InjectedFault } from "../backends/faults.ts";
import { type MockProfile, MockXen } from "../backends/mock.ts";
import { parseTrace, Recorder, replay } from "../backends/record.ts";
import { type GrantAllocator, GrantDevice, GrantError, GrantMapper, type Mapping, type SharedPages } from "../mod.ts";
import { conformance } from "./conformance.ts";
import { debugCore } from "./debug_core.ts";

const PROFILES: readonly MockProfile[] = ["seed", "linux"];

/** A machine with faults on both sides, and below them a recorder of what reaches it. */
function machine(profile: MockProfile = "seed", seed = 1) {
  const xen = new MockXen({ profile });
  const faults = new Faults({ seed });
  const trace: string[] = [];
  const recorder = new Recorder((line) => trace.push(line));
  const grants = recorder.grants(xen.domain(1).grantBackend());
  const maps = recorder.maps(xen.domain(0).mapBackend());
  const device = new GrantDevice(faults.grants(grants), { core: debugCore });
  const mapper = new GrantMapper(faults.maps(maps));
  /** Without faults everything can be given back, and nothing was lost below. */
  const finish = () => {
    faults.clear();
    device.close();
    mapper.close();
    faults.settle();
    device.close();
    expect(device.inspect()).toMatchObject({ live: 0, listed: 0, mapped: 0, pending: 0, allocators: [] });
    xen.assertClean();
    const { calls } = parseTrace(trace);
    const opened = calls.filter((call) => call.call === "open" && !call.error).length;
    const mapped = calls.filter((call) => call.call === "map" && !call.error).length;
    expect(calls.filter((call) => call.call === "close").length).toBe(opened);
    expect(calls.filter((call) => call.call === "unmap").length).toBe(mapped);
  };
  /** The calls of a kind that reached the machine: how many pages each names. */
  const below = (kind: FaultKind) =>
    parseTrace(trace).calls.filter((call) => call.call === kind).map((call) => "count" in call ? call.count : 0);
  return { xen, faults, device, mapper, trace, finish, below };
}

/** The error that an action throws. */
function thrown(action: () => unknown): GrantError {
  try {
    action();
  } catch (error) {
    if (error instanceof GrantError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const boom = new Error("boom");

describe("without rules a wrapped backend is as before:", () => {
  for (const profile of PROFILES) {
    conformance({
      test: (name, run) => test(`${profile}, ${name}`, run),
      open() {
        const xen = new MockXen({ profile });
        const domain = xen.domain(1);
        const faults = new Faults();
        // In the middle of recorders: what reaches the machine is what was asked.
        const [above, below]: [string[], string[]] = [[], []];
        const [outer, inner] = [new Recorder((line) => above.push(line)), new Recorder((line) => below.push(line))];
        return {
          grantBackend: outer.grants(faults.grants(inner.grants(domain.grantBackend()))),
          granter: 1,
          mapBackend: outer.maps(faults.maps(inner.maps(xen.domain(0).mapBackend()))),
          peer: 0,
          setLimit: (pages) => domain.limit = pages,
          heldPagesCount: profile === "seed",
          core: debugCore,
          close() {
            xen.assertClean();
            expect(above).toEqual(below);
            expect(faults.calls()).toBe(above.length - 1);
            expect([faults.injected(), faults.left]).toEqual([0, 0]);
          },
        };
      },
    });
  }
});

/** What makes a call of each kind, and what is right after it was made in vain. */
interface Case {
  /** What is there before. */
  prepare?(side: ReturnType<typeof machine>): { allocator?: GrantAllocator; pages?: SharedPages; mapping?: Mapping };
  /** Makes the call; the second time it must succeed. */
  run(
    side: ReturnType<typeof machine>,
    at: { allocator?: GrantAllocator; pages?: SharedPages; mapping?: Mapping },
  ): void;
  /** What is under way for the caller. */
  operation: string;
  /** What the device says afterwards. */
  after: object;
  /** Whether the call cannot be made again: the handle is gone. */
  once?: boolean;
}

const opened = ({ device }: ReturnType<typeof machine>) => ({ allocator: device.open() });
const allocated = (side: ReturnType<typeof machine>) => {
  const allocator = side.device.open();
  return { allocator, pages: allocator.allocate(0, { pages: 3, writable: true }) };
};

const GRANTS: Record<FaultKind, Case> = {
  limit: { run: ({ device }) => device.open(), operation: "open", after: { live: 0, allocators: [] } },
  open: { run: ({ device }) => device.open(), operation: "open", after: { live: 0, allocators: [] } },
  grant: {
    prepare: opened,
    run: (_, { allocator }) => expect(allocator!.allocate(0, { pages: 3 }).page).toBe(0),
    operation: "allocate",
    after: { live: 0, listed: 0, pending: 0, allocators: [{ next: 0 }] },
  },
  endAccess: {
    prepare: allocated,
    run: (_, { pages }) => pages!.free(),
    operation: "free",
    after: { live: 3, listed: 0, pending: 3 },
    once: true,
  },
  map: {
    prepare: allocated,
    run: (_, { pages }) => pages!.map().unmap(),
    operation: "map",
    after: { live: 3, listed: 3, mapped: 0, allocators: [{ mappings: 0 }] },
  },
  unmap: {
    prepare(side) {
      const at = allocated(side);
      return { ...at, mapping: at.pages.map() };
    },
    run: (_, { mapping }) => mapping!.unmap(),
    operation: "unmap",
    after: { live: 3, listed: 3, mapped: 0, allocators: [{ mappings: 0 }] },
    once: true,
  },
  notify: {
    prepare: allocated,
    run: (_, { allocator }) => allocator!.setUnmapNotify(0, { clearByte: 1 }),
    operation: "notify",
    after: { live: 3, listed: 3 },
  },
  close: {
    prepare: opened,
    run: (_, { allocator }) => allocator!.close(),
    operation: "close",
    after: { live: 0, allocators: [] },
    once: true,
  },
};

const MAPS: Partial<Record<FaultKind, Case>> = {
  open: {
    prepare: allocated,
    run: ({ mapper }, { pages }) => mapper.map(1, pages!.grefs).unmap(),
    operation: "map",
    after: { live: 3 },
  },
  map: {
    prepare: allocated,
    run: ({ mapper }, { pages }) => mapper.map(1, pages!.grefs).unmap(),
    operation: "map",
    after: { live: 3 },
  },
  unmap: {
    prepare(side) {
      const at = allocated(side);
      return { ...at, mapping: side.mapper.map(1, at.pages.grefs) };
    },
    run: (_, { mapping }) => mapping!.unmap(),
    operation: "unmap",
    after: { live: 3 },
    once: true,
  },
  close: {
    prepare(side) {
      const at = allocated(side);
      side.mapper.map(1, at.pages.grefs).unmap();
      return at;
    },
    run: ({ mapper }) => mapper.close(),
    operation: "close",
    after: { live: 3 },
    once: true,
  },
};

for (const [side, cases] of Object.entries({ grants: GRANTS, maps: MAPS }) as ["grants" | "maps", typeof MAPS][]) {
  describe(`a fault on the side ${side}`, () => {
    for (const [kind, { prepare, run, operation, after, once }] of Object.entries(cases) as [FaultKind, Case][]) {
      for (const when of ["before", "after"] as const) {
        for (const profile of PROFILES) {
          test(`${when} ${kind}, profile ${profile}`, () => {
            const all = machine(profile);
            const { faults, device, finish, below } = all;
            const at = prepare?.(all) ?? {};
            const asked = faults.calls(kind, side);
            const reached = below(kind).length;
            const rule = faults.fail(kind, { side, when, error: boom });
            const error = thrown(() => run(all, at));
            expect(error).toMatchObject({ code: "backend-failed", operation, cause: boom });
            expect([rule.fired, faults.injected(kind, side), faults.injected()]).toEqual([1, 1, 1]);
            expect(faults.calls(kind, side)).toBe(asked + 1);
            const more = when === "after" ? kind === "notify" ? 2 : 1 : 0;
            expect(below(kind).length - reached).toBe(more);
            expect(device.inspect()).toMatchObject(after);
            // A mapping or file that is gone for the library is still there below, where nobody unmapped or closed it.
            expect(faults.left).toBe(when === "before" && (kind === "unmap" || kind === "close") ? 1 : 0);
            if (once) run === MAPS.close!.run ? run(all, at) : at.mapping?.unmap();
            else run(all, at);
            // What comes next works: the fault is over.
            const next = device.open().allocate(0, { pages: 2, writable: true });
            next.map().unmap();
            next.free();
            expect(faults.injected()).toBe(1);
            finish();
          });
        }
      }
    }
  });
}

describe("a grant that fails after some pages", () => {
  for (const [count, afterPages] of [[3, 0], [3, 1], [3, 2], [3, 3], [3, 7], [200, 70], [1024, 1000]] as const) {
    test(`${afterPages} of ${count}: they are taken back, and the index is as before`, () => {
      const { faults, device, finish, below } = machine();
      const allocator = device.open();
      faults.fail("grant", { afterPages, error: boom });
      const error = thrown(() => allocator.allocate(0, { pages: count }));
      expect(error).toMatchObject({ code: "backend-failed", operation: "allocate", cause: boom });
      const granted = Math.min(afterPages, count);
      expect(below("grant")).toEqual(granted > 0 ? [granted] : []);
      expect(below("endAccess")).toEqual(granted > 0 ? [granted] : []);
      expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
      expect(allocator.allocate(0, { pages: count }).page).toBe(0);
      finish();
    });
  }

  test("and again while it is undone: the pages are pending until a later operation", () => {
    const { faults, device, finish } = machine();
    const allocator = device.open();
    faults.fail("grant", { afterPages: 2, error: boom });
    faults.fail("endAccess", { times: 2 });
    expect(thrown(() => allocator.allocate(0, { pages: 5 })).cause).toBe(boom);
    expect(device.inspect()).toMatchObject({ live: 2, listed: 0, pending: 2 });
    expect(allocator.allocate(0).page).toBe(2);
    expect(device.inspect()).toMatchObject({ live: 3, pending: 2 });
    allocator.allocate(0);
    expect(device.inspect()).toMatchObject({ live: 2, pending: 0 });
    finish();
  });

  for (const profile of PROFILES) {
    test(`while the peer maps one by guessing, profile ${profile}`, () => {
      const { faults, device, mapper, finish } = machine(profile);
      const allocator = device.open();
      let theirs: Mapping | undefined;
      faults.after("grant", (call) => {
        expect(call).toMatchObject({ side: "grants", kind: "grant", number: 1, page: 0, count: 3, domid: 0 });
        expect(call.grefs).toEqual([8, 9]);
        theirs = mapper.map(1, [call.grefs[1]!]);
      }, { times: 1 });
      faults.fail("grant", { afterPages: 2, error: boom });
      expect(thrown(() => allocator.allocate(0, { pages: 3 })).cause).toBe(boom);
      const held = profile === "seed" ? 1 : 0;
      expect(device.inspect()).toMatchObject({ live: held, listed: 0, pending: held });
      theirs!.unmap();
      expect(allocator.allocate(0).page).toBe(held * 2);
      expect(device.inspect()).toMatchObject({ live: 1, pending: 0 });
      finish();
    });
  }

  test("in the backend below fails with that error, and no fault is counted", () => {
    const { xen, faults, device, finish } = machine();
    const allocator = device.open();
    xen.domain(1).limit = 1;
    faults.fail("grant", { afterPages: 2 });
    expect(thrown(() => allocator.allocate(0, { pages: 3 })).code).toBe("kernel-limit-reached");
    expect(faults.injected()).toBe(0);
    xen.domain(1).limit = 1024;
    finish();
  });
});

describe("an end of access that fails", () => {
  test("after some pages: the others are said to be held, and end later", () => {
    const { faults, device, finish, below } = machine();
    const pages = device.open().allocate(0, { pages: 5 });
    const rule = faults.fail("endAccess", { afterPages: 2 });
    pages.free();
    expect([rule.fired, faults.injected("endAccess")]).toEqual([1, 1]);
    expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
    expect(below("endAccess")).toEqual([2]);
    device.open().close();
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
    expect(below("endAccess")).toEqual([2, 3]);
    finish();
  });

  for (const afterPages of [3, 9]) {
    test(`after all of its 3 pages, by ${afterPages}: they have ended, and the next attempt says so`, () => {
      const { xen, faults, device, finish, below } = machine();
      const allocator = device.open();
      const pages = allocator.allocate(0, { pages: 3 });
      faults.fail("endAccess", { afterPages, error: boom });
      expect(thrown(() => pages.free())).toMatchObject({ code: "backend-failed", operation: "free", cause: boom });
      expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
      xen.assertClean();
      // Their references are given out again before the library knows.
      const next = allocator.allocate(0, { pages: 3 });
      expect(new Set(next.grefs)).toEqual(new Set(pages.grefs));
      expect(next.page).toBe(3);
      expect(device.inspect()).toMatchObject({ live: 3, pending: 0 });
      expect(below("endAccess")).toEqual([3]);
      finish();
    });
  }

  test("after it was done, again and again, loses nothing", () => {
    const { faults, device, mapper, finish, below } = machine();
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 4 });
    const theirs = mapper.map(1, [pages.grefs[2]!]);
    faults.fail("endAccess", { when: "after", times: 2, error: boom });
    faults.fail("endAccess", { nth: 3, error: boom });
    expect(thrown(() => pages.free()).cause).toBe(boom);
    expect(thrown(() => allocator.close()).cause).toBe(boom);
    // Of the four pages the machine is asked for the one that the peer holds, and not at all before a third failure.
    device.open().close();
    expect(below("endAccess")).toEqual([4, 1]);
    expect(device.inspect()).toMatchObject({ live: 4, pending: 4 });
    device.open().close();
    expect(device.inspect()).toMatchObject({ live: 1, pending: 1 });
    theirs.unmap();
    finish();
  });

  test("of a page that is mapped here: the operation is the one under way", () => {
    const { faults, device, finish } = machine();
    const allocator = device.open();
    const view = allocator.allocate(0).map();
    allocator.free(0, 1);
    expect(faults.calls("endAccess")).toBe(0);
    faults.fail("endAccess", { times: 2, error: boom });
    expect(thrown(() => view.unmap())).toMatchObject({ code: "backend-failed", operation: "unmap", cause: boom });
    expect(thrown(() => allocator.close())).toMatchObject({ code: "backend-failed", operation: "close", cause: boom });
    expect(device.inspect()).toMatchObject({ live: 1, mapped: 0, pending: 1 });
    finish();
  });
});

test("a notify whose change fails after it was made is what it was before", () => {
  const { faults, device, mapper, finish } = machine();
  const allocator = device.open();
  const pages = allocator.allocate(0, { pages: 3, writable: true });
  allocator.setUnmapNotify(0, { clearByte: 1 });
  faults.fail("notify", { when: "after", times: 2, error: boom });
  expect(thrown(() => allocator.setUnmapNotify(0, { clearByte: 2 }))).toMatchObject({
    operation: "notify",
    cause: boom,
  });
  thrown(() => allocator.setUnmapNotify(1, { clearByte: 3 }));
  allocator.setUnmapNotify(2, { clearByte: 4 });
  const theirs = mapper.map(1, pages.grefs, { writable: true });
  theirs.bytes.fill(9);
  pages.free();
  expect([theirs.bytes[1], theirs.bytes[2], theirs.bytes[4096 + 3], theirs.bytes[8192 + 4]]).toEqual([0, 9, 9, 0]);
  theirs.unmap();
  finish();
});

test("a mapping of two pieces of which the second fails, before or after it was mapped", () => {
  for (const when of ["before", "after"] as const) {
    const { faults, device, finish, below } = machine();
    const allocator = device.open();
    allocator.allocate(0, { pages: 2 });
    allocator.allocate(0, { pages: 2 });
    faults.fail("map", { nth: 2, when, error: boom });
    expect(thrown(() => allocator.map(0, 4))).toMatchObject({ operation: "map", cause: boom });
    expect(device.inspect()).toMatchObject({ mapped: 0, live: 4 });
    expect(below("unmap").length).toBe(when === "before" ? 1 : 2);
    const view = allocator.map(0, 4);
    // Of two pieces that fail to unmap, both are gone, and the first error is thrown.
    faults.fail("unmap", { error: boom });
    faults.fail("unmap", { nth: 2 });
    expect(thrown(() => view.unmap())).toMatchObject({ operation: "unmap", cause: boom });
    expect(faults.injected("unmap")).toBe(2);
    expect(device.inspect()).toMatchObject({ mapped: 0 });
    finish();
  }
});

test("a peer's unmap that does not reach the machine holds the pages until it is settled", () => {
  const { faults, device, mapper, finish } = machine("seed");
  const pages = device.open().allocate(0, { pages: 2 });
  const theirs = mapper.map(1, pages.grefs);
  faults.fail("unmap", { side: "maps", when: "before" });
  faults.fail("close", { side: "maps", when: "before", error: boom });
  expect(thrown(() => theirs.unmap()).cause).toBeInstanceOf(InjectedFault);
  expect(thrown(() => mapper.close()).cause).toBe(boom);
  pages.free();
  expect([faults.left, device.inspect().pending]).toEqual([2, 2]);
  faults.settle();
  expect(faults.left).toBe(0);
  device.open().close();
  expect(device.inspect().pending).toBe(0);
  finish();
});

test("settling goes on after an error, and throws the first", () => {
  const faults = new Faults();
  let unmaps = 0;
  const memory = (): MappedMemory => ({
    bytes: new Uint8Array(4096),
    unmap() {
      unmaps++;
      throw boom;
    },
  });
  const mapper = new GrantMapper(faults.maps({ name: "broken", open: () => ({ map: memory, close() {} }) }));
  faults.fail("unmap", { when: "before", times: Infinity });
  for (const mapping of [mapper.map(1, [8]), mapper.map(1, [9])]) thrown(() => mapping.unmap());
  expect([faults.left, unmaps]).toEqual([2, 0]);
  expect(() => faults.settle()).toThrow(boom);
  expect([faults.left, unmaps]).toEqual([0, 2]);
  faults.settle();
});

test("a backend below that gives no memory, or fails to undo: the caller gets the fault", () => {
  const faults = new Faults();
  const mapper = new GrantMapper(
    faults.maps({ name: "broken", open: () => ({ map: () => undefined as unknown as MappedMemory, close() {} }) }),
  );
  expect(thrown(() => mapper.map(1, [8])).code).toBe("backend-failed");
  faults.fail("map", { when: "after", error: boom });
  expect(thrown(() => mapper.map(1, [8])).cause).toBe(boom);
});

describe("when a rule applies:", () => {
  /** Of 12 allocations, which ones fail. */
  function failing(options: FailOptions, seed = 1): number[] {
    const { faults, device, finish } = machine("seed", seed);
    const allocator = device.open();
    faults.fail("grant", options);
    const failed: number[] = [];
    for (let round = 1; round <= 12; round++) {
      try {
        allocator.allocate(0).free();
      } catch {
        failed.push(round);
      }
    }
    finish();
    return failed;
  }

  test("to the nth call, some times, always from then on, on its side alone", () => {
    expect(failing({})).toEqual([1]);
    expect(failing({ nth: 3 })).toEqual([3]);
    expect(failing({ nth: 3, times: 4 })).toEqual([3, 4, 5, 6]);
    expect(failing({ nth: 10, times: Infinity })).toEqual([10, 11, 12]);
    expect(failing({ side: "grants" })).toEqual([1]);
    expect(failing({ side: "maps" })).toEqual([]);
    expect(failing({ rate: 0 })).toEqual([]);
    expect(failing({ rate: 1, nth: 11 })).toEqual([11, 12]);
    expect(failing({ rate: 1, times: 2 })).toEqual([1, 2]);
  });

  test("at random, by the seed", () => {
    const some = failing({ rate: 0.5 });
    expect(some.length).toBeGreaterThan(2);
    expect(some.length).toBeLessThan(10);
    expect(failing({ rate: 0.5 })).toEqual(some);
    const seeds = new Set([1, 2, 3, 4, 5, 6].map((seed) => failing({ rate: 0.5 }, seed).join()));
    expect(seeds.size).toBe(6);
    expect(failing({ rate: 0.5, times: 2 })).toEqual(some.slice(0, 2));
    expect(failing({ rate: 0.5, nth: 5 }).every((round) => round >= 5)).toBe(true);
  });

  test("counted from when it is set, the first that is due wins, and each may be cleared", () => {
    const { faults, device, finish } = machine();
    const allocator = device.open();
    allocator.allocate(0);
    const [first, second] = [new Error("first"), new Error("second")];
    const one = faults.fail("grant", { nth: 2, times: 2, error: first });
    const other = faults.fail("grant", { nth: 2, times: Infinity, error: second });
    allocator.allocate(0);
    expect(thrown(() => allocator.allocate(0)).cause).toBe(first);
    expect(thrown(() => allocator.allocate(0)).cause).toBe(first);
    expect(thrown(() => allocator.allocate(0)).cause).toBe(second);
    expect([one.fired, other.fired]).toEqual([2, 1]);
    other.clear();
    allocator.allocate(0);
    expect([faults.calls("grant"), faults.injected("grant")]).toEqual([6, 3]);
    expect(faults.calls("grant", "grants")).toBe(6);
    expect(faults.calls("grant", "maps")).toBe(0);
    finish();
  });
});

test("errors may be of any kind, or made for the call", () => {
  const { faults, device, finish } = machine();
  const allocator = device.open();
  const full = new GrantError("full", { code: "table-full", operation: "allocate", errno: 28 });
  faults.fail("grant", { error: full });
  expect(thrown(() => allocator.allocate(0))).toBe(full);
  faults.fail("grant", { error: (call: { number: number }) => new Error(`call ${call.number}`) });
  expect(thrown(() => allocator.allocate(0)).message).toContain("failed: call 2");
  faults.fail("grant", { error: "a text" });
  expect(thrown(() => allocator.allocate(0)).message).toContain("a text");
  faults.fail("grant");
  const { cause } = thrown(() => allocator.allocate(0, { pages: 2 }));
  expect(cause).toBeInstanceOf(InjectedFault);
  expect(cause).toMatchObject({
    name: "InjectedFault",
    message: "a fault was injected into call 4 of `grant` on the side `grants`",
    call: { side: "grants", kind: "grant", number: 4, page: 0, count: 2, domid: 0, grefs: [] },
  });
  finish();
});

describe("pages that are held though the peer does not", () => {
  test("all of them until it is cleared", () => {
    const { xen, faults, device, finish, below } = machine("linux");
    const pages = device.open().allocate(0, { pages: 3 });
    const peer = faults.hold();
    pages.free();
    device.open().close();
    expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
    expect(below("endAccess")).toEqual([]);
    expect(() => xen.assertClean()).toThrow("reference 8");
    expect([peer.fired, faults.injected("endAccess")]).toEqual([
      faults.calls("endAccess") * 3,
      faults.calls("endAccess"),
    ]);
    peer.clear();
    device.open().close();
    expect(device.inspect().pending).toBe(0);
    finish();
  });

  test("some of them, beside those that the peer does hold", () => {
    const { faults, device, mapper, finish, below } = machine("seed");
    const pages = device.open().allocate(0, { pages: 7 });
    const theirs = mapper.map(1, [pages.grefs[6]!]);
    faults.hold({ grefs: [pages.grefs[1]!, pages.grefs[2]!, pages.grefs[4]!] });
    pages.free();
    expect(device.inspect()).toMatchObject({ live: 4, pending: 4 });
    expect(below("endAccess")).toEqual([1, 1, 2]);
    theirs.unmap();
    faults.clear();
    device.open().close();
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
    finish();
  });

  test("for some asks of each page, in each file by itself", () => {
    const { faults, device, finish } = machine();
    const [first, second] = [device.open(), device.open()];
    const pages = first.allocate(0, { pages: 3 });
    const other = second.allocate(0, { pages: 3 });
    faults.hold({ asks: 2 });
    pages.free({ start: 0, count: 1 }); // page 0: once
    expect(device.inspect().pending).toBe(1);
    pages.free({ start: 1, count: 1 }); // twice, and page 1 once
    expect(device.inspect().pending).toBe(2);
    other.free();
    expect(device.inspect().pending).toBe(4);
    first.close();
    expect(device.inspect().pending).toBe(4);
    device.open().close();
    device.open().close();
    expect(device.inspect().pending).toBe(0);
    finish();
  });

  test("at random", () => {
    const { faults, device, finish } = machine();
    const pages = device.open().allocate(0, { pages: 100 });
    faults.hold({ rate: 0.5 });
    pages.free();
    expect(device.inspect().pending).toBeGreaterThan(25);
    expect(device.inspect().pending).toBeLessThan(75);
    finish();
  });

  test("while the others fail to end: held is what did not end, and an error only if nothing did", () => {
    const { faults, device, finish } = machine();
    let broken = true;
    const xen = new MockXen();
    const real = xen.domain(1).grantBackend();
    const breaking = new GrantDevice(
      faults.grants({
        ...real,
        open() {
          const file = real.open();
          return {
            grant: file.grant.bind(file),
            endAccess(page, count, grefs) {
              if (broken && page > 1) throw boom;
              return file.endAccess(page, count, grefs);
            },
            map: file.map.bind(file),
            setUnmapNotify: file.setUnmapNotify.bind(file),
            close: file.close.bind(file),
          };
        },
      }),
      { core: debugCore },
    );
    const pages = breaking.open().allocate(0, { pages: 5 });
    const hold = faults.hold({ grefs: [pages.grefs[1]!] });
    // Page 0 ends, page 1 is held, and pages 2 to 4 fail.
    pages.free();
    expect(breaking.inspect()).toMatchObject({ live: 4, pending: 4 });
    hold.clear();
    faults.hold({ grefs: [pages.grefs[1]!], asks: 1 });
    const rest = breaking.open();
    rest.close();
    expect(breaking.inspect().pending).toBe(4);
    broken = false;
    breaking.close();
    expect(breaking.inspect().pending).toBe(0);
    xen.assertClean();
    device.open();
    finish();
  });
});

describe("hooks", () => {
  for (const profile of PROFILES) {
    test(`before endAccess: a peer that maps between query and end, profile ${profile}`, () => {
      const { faults, device, mapper, finish } = machine(profile);
      const pages = device.open().allocate(0, { pages: 3 });
      const theirs: Mapping[] = [];
      const hook = faults.before("endAccess", (call) => theirs.push(mapper.map(1, [call.grefs[1]!])), { times: 1 });
      pages.free();
      expect([theirs.length, hook.fired]).toEqual([1, 1]);
      expect(device.inspect().pending).toBe(profile === "seed" ? 1 : 0);
      // It still has the page, whatever became of it here.
      expect(theirs[0]!.read(0, 1)[0]).toBe(0);
      theirs[0]!.unmap();
      finish();
    });
  }

  test("after endAccess: what has ended cannot be mapped any more", () => {
    const { faults, device, mapper, finish } = machine();
    const pages = device.open().allocate(0);
    const codes: string[] = [];
    faults.after("endAccess", (call) => codes.push(thrown(() => mapper.map(1, [...call.grefs])).code));
    pages.free();
    expect(codes).toEqual(["map-refused"]);
    finish();
  });

  test("that throw fail the call they are in, before or after", () => {
    for (const when of ["before", "after"] as const) {
      for (const side of ["grants", "maps"] as const) {
        for (const [kind, { prepare, run, operation, after }] of Object.entries(side === "grants" ? GRANTS : MAPS)) {
          const all = machine();
          const at = prepare?.(all) ?? {};
          const act = () => {
            throw boom;
          };
          all.faults[when](kind as FaultKind, act, { side, times: 1 });
          expect(thrown(() => run(all, at))).toMatchObject({ operation, cause: boom });
          expect(all.device.inspect()).toMatchObject(after);
          expect(all.faults.injected()).toBe(0);
          all.finish();
        }
      }
    }
  });

  test("run in the order they were set, and not after a call that failed before", () => {
    const { faults, device, finish } = machine();
    const allocator = device.open();
    const order: string[] = [];
    for (const name of ["one", "two"]) {
      faults.before("grant", () => order.push(`before ${name}`));
      faults.after("grant", () => order.push(`after ${name}`));
    }
    faults.fail("grant", { nth: 2 });
    allocator.allocate(0);
    expect(order.splice(0)).toEqual(["before one", "before two", "after one", "after two"]);
    thrown(() => allocator.allocate(0));
    expect(order.splice(0)).toEqual(["before one", "before two"]);
    faults.clear();
    allocator.allocate(0);
    expect(order).toEqual([]);
    finish();
  });
});

test("options that make no sense are refused", () => {
  const faults = new Faults();
  expect(() => new Faults({ seed: -1 })).toThrow(
    "`seed` must be a whole number from 0 to 4294967295: current value is -1",
  );
  expect(() => new Faults(null as unknown as object)).toThrow(TypeError);
  expect(() => faults.fail("fly" as "map")).toThrow(
    'must be one of open, limit, grant, endAccess, map, unmap, notify, close: current value is "fly"',
  );
  expect(() => faults.fail("map", { side: "both" as "maps" })).toThrow('`side` must be "grants" or "maps"');
  expect(() => faults.fail("map", { nth: 0 })).toThrow("`nth` must be a whole number from 1");
  expect(() => faults.fail("map", { times: 0 })).toThrow(
    "`times`, if it is not Infinity, must be a whole number from 1",
  );
  for (const rate of [-0.1, 1.1, NaN, "1" as unknown as number]) {
    expect(() => faults.fail("map", { rate })).toThrow("`rate` must be a number from 0 to 1");
    expect(() => faults.hold({ rate })).toThrow("`rate` must be a number from 0 to 1");
  }
  expect(() => faults.fail("map", { when: "now" as "after" })).toThrow('`when` must be "before" or "after"');
  expect(() => faults.fail("map", { afterPages: 1 })).toThrow("must be grant or endAccess: current value is map");
  expect(() => faults.fail("grant", { afterPages: 1, when: "after" })).toThrow("`when` must be left out");
  expect(() => faults.fail("grant", { afterPages: -1 })).toThrow("`afterPages` must be a whole number");
  expect(() => faults.fail("grant", null as unknown as object)).toThrow(TypeError);
  expect(() => faults.hold({ asks: 0 })).toThrow("`asks`");
  expect(() => faults.hold(null as unknown as object)).toThrow(TypeError);
  expect(() => faults.before("map", 1 as unknown as () => void)).toThrow(
    "the action must be a function: current value is 1",
  );
  expect(() => faults.after("x" as "map", () => {})).toThrow("Cannot act after a call as the kind of call");
  // Nothing was set.
  const device = new GrantDevice(faults.grants(new MockXen().domain(1).grantBackend()), { core: debugCore });
  device.open().allocate(0).map().unmap();
  device.close();
});

describe("faults of all kinds at random", () => {
  for (const profile of PROFILES) {
    test(`profile ${profile}: the books balance at each step, and everything is given back`, () => {
      const injected = new Map<string, number>();
      for (let seed = 1; seed <= 60; seed++) {
        const { faults, device, mapper, finish, trace } = machine(profile, seed);
        let state = seed;
        const random = (below: number) => {
          state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
          return Math.floor(state / 2 ** 32 * below);
        };
        const rate = 0.15;
        for (const kind of ["limit", "open", "grant", "endAccess", "map", "unmap", "notify", "close"] as const) {
          for (const when of ["before", "after"] as const) faults.fail(kind, { when, rate });
        }
        for (const kind of ["grant", "endAccess"] as const) faults.fail(kind, { afterPages: 1 + random(6), rate });
        faults.hold({ rate });
        const allocators: GrantAllocator[] = [];
        const shared: SharedPages[] = [];
        const mappings: Mapping[] = [];
        faults.after("grant", (call) => mappings.push(mapper.map(1, [call.grefs[0]!])), { rate });
        faults.before("endAccess", (call) => mappings.push(mapper.map(1, [call.grefs.at(-1)!])), { rate });
        const pick = <T>(list: T[]) => list[random(list.length)];
        const steps: (() => unknown)[] = [
          () => allocators.length < 3 && allocators.push(device.open()),
          () => {
            const pages = pick(allocators)?.allocate(0, { pages: 1 + random(7), writable: true });
            if (pages) shared.push(pages);
          },
          () => {
            const mapping = pick(shared)?.map();
            if (mapping) mappings.push(mapping);
          },
          () => {
            const pages = pick(shared);
            if (pages) mappings.push(mapper.map(1, pages.grefs));
          },
          () => pick(mappings)?.unmap(),
          () => pick(mappings)?.unmap(),
          () => pick(shared)?.free({ start: 0, count: 1 }),
          () => pick(shared)?.[Symbol.dispose](),
          () => {
            const pages = pick(shared);
            if (pages) pages.setUnmapNotify({ clearByte: random(4096) });
          },
          () => random(8) === 0 && allocators.splice(random(allocators.length), 1)[0]?.close(),
        ];
        for (let step = 0; step < 150; step++) {
          try {
            steps[random(steps.length)]!();
          } catch (error) {
            if (!(error instanceof GrantError)) throw error;
          }
          // Which may ask the backend for its limit, in vain.
          let report;
          try {
            report = device.inspect();
          } catch {
            continue;
          }
          const { live, listed, mapped, pending, allocators: open } = report;
          expect(live).toBeGreaterThanOrEqual(listed + pending);
          expect(live).toBeLessThanOrEqual(listed + pending + mapped);
          // What a mapping keeps of a closed allocator is listed too.
          expect(open.reduce((sum, allocator) => sum + allocator.listed, 0)).toBeLessThanOrEqual(listed);
        }
        for (const last of [...mappings.map((mapping) => () => mapping.unmap()), () => mapper.close()]) {
          try {
            last();
          } catch (error) {
            if (!(error instanceof GrantError)) throw error;
          }
        }
        for (const side of ["grants", "maps"] as const) {
          for (const kind of ["limit", "open", "grant", "endAccess", "map", "unmap", "notify", "close"] as const) {
            const key = `${side} ${kind}`;
            injected.set(key, (injected.get(key) ?? 0) + faults.injected(kind, side));
          }
        }
        // Those that a hook made meanwhile are still there.
        faults.clear();
        for (const mapping of mappings) mapping.unmap();
        finish();
        // What reached the machine keeps the contract of backends, which a replay checks.
        const again = new MockXen({ profile });
        const backends = { grants: again.domain(1).grantBackend(), maps: again.domain(0).mapBackend() };
        expect(replay(trace, backends).difference?.message).toBe(undefined);
        again.assertClean();
      }
      const never = [...injected].filter(([, count]) => count === 0).map(([key]) => key);
      expect(never).toEqual(["maps limit", "maps grant", "maps endAccess", "maps notify"]);
    });
  }
});
