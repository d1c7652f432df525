/** A fault in each kind of call, before and after it is done: the caller gets the right error, and nothing is lost. */
import { describe, expect, test } from "vitest";
import { type FaultKind, Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { Recorder, type XenDomain } from "../../backends/record.ts";
import type { GrantAllocator, Mapping, SharedPages } from "../../mod.ts";
import { grantsConformance } from "../conformance/mod.ts";
import { debugCore } from "../support/debug_core.ts";
import { boom, faultyMachine, PROFILES } from "../support/faulty_machine.ts";
import { grantError } from "../support/grant_error.ts";
import { replaceMethods } from "../support/replace_methods.ts";

describe("without rules a wrapped domain behaves as before:", () => {
  for (const profile of PROFILES) {
    grantsConformance({
      test: (name, run) => test(`${profile}, ${name}`, run),
      open() {
        const xen = new MockXen({ profile });
        const domain = xen.domain(1);
        const faults = new Faults();
        // Recorders on both sides of the faults show that each call reaches the machine unchanged.
        const [above, below]: [string[], string[]] = [[], []];
        const [outer, inner] = [new Recorder((line) => above.push(line)), new Recorder((line) => below.push(line))];
        const wrap = (domain: XenDomain) => outer.wrap(faults.wrap(inner.wrap(domain)));
        return {
          granter: wrap(domain),
          granterDomid: 1,
          peer: wrap(xen.domain(0)),
          peerDomid: 0,
          setLimit: (pages) => domain.limit = pages,
          heldPagesCount: profile === "linux-5.16",
          core: debugCore,
          close() {
            xen.assertClean();
            expect(above).toEqual(below);
            expect(faults.calls()).toBe(above.length - 1);
            expect([faults.injected(), faults.unreleased]).toEqual([0, 0]);
          },
        };
      },
    });
  }
});

/** Makes a call of some kind, and knows what is right after it failed. */
interface Case {
  /** Sets up what the call needs. */
  prepare?(
    side: ReturnType<typeof faultyMachine>,
  ): { allocator?: GrantAllocator; pages?: SharedPages; mapping?: Mapping };
  /** Makes the call; the second time it must succeed. */
  run(
    side: ReturnType<typeof faultyMachine>,
    at: { allocator?: GrantAllocator; pages?: SharedPages; mapping?: Mapping },
  ): void;
  /** The operation in the error. */
  operation: string;
  /** What the device reports afterwards. */
  after: object;
  /** Whether the call cannot be repeated, as the handle is gone. */
  once?: boolean;
}

const opened = ({ device }: ReturnType<typeof faultyMachine>) => ({ allocator: device.open() });
const allocated = (side: ReturnType<typeof faultyMachine>) => {
  const allocator = side.device.open();
  return { allocator, pages: allocator.allocate(0, { pages: 3, writable: true }) };
};

const GRANTS: Partial<Record<FaultKind, Case>> = {
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

for (const [part, cases] of Object.entries({ grants: GRANTS, maps: MAPS }) as ["grants" | "maps", typeof MAPS][]) {
  describe(`a fault in the part ${part}`, () => {
    for (const [kind, { prepare, run, operation, after, once }] of Object.entries(cases) as [FaultKind, Case][]) {
      for (const when of ["before", "after"] as const) {
        for (const profile of PROFILES) {
          test(`${when} ${kind}, profile ${profile}`, () => {
            const all = faultyMachine(profile);
            const { faults, device, finish, below } = all;
            const at = prepare?.(all) ?? {};
            const asked = faults.calls(kind, part);
            const reached = below(kind).length;
            const rule = faults.fail(kind, { part, when, error: boom });
            const error = grantError(() => run(all, at));
            expect(error).toMatchObject({ code: "backend-failed", operation, cause: boom });
            expect([rule.fired, faults.injected(kind, part), faults.injected()]).toEqual([1, 1, 1]);
            expect(faults.calls(kind, part)).toBe(asked + 1);
            const more = when === "after" ? kind === "notify" ? 2 : 1 : 0;
            expect(below(kind).length - reached).toBe(more);
            expect(device.inspect()).toMatchObject(after);
            // A mapping or file that is gone for the library is still there in the inner backend, where nobody released
            // it.
            expect(faults.unreleased).toBe(when === "before" && (kind === "unmap" || kind === "close") ? 1 : 0);
            if (once) run === MAPS.close!.run ? run(all, at) : at.mapping?.unmap();
            else run(all, at);
            // The next calls succeed: the fault is over.
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

describe("an inner backend that breaks its contract", () => {
  /** A file with three pages whose `endAccess` answers as told. */
  function lying(says: (page: number, count: number) => unknown) {
    const xen = new MockXen();
    const faults = new Faults();
    const asked: number[][] = [];
    const endAccess = (page: number, count: number) => {
      asked.push([page, count]);
      return says(page, count) as number[];
    };
    const grants = replaceMethods(xen.domain(1).grants, () => ({ endAccess }));
    const file = faults.wrap({ grants }).grants.open();
    const grefs = new Uint32Array(3);
    file.grant(0, 3, 0, false, grefs);
    return { faults, file, grefs, asked };
  }

  test("in an answer of `endAccess` is passed on unchanged if no rule applies", () => {
    for (const said of [new Set([0]), [1, 0], [0, 0], [3], "x", undefined, null, [1]]) {
      const { faults, file, grefs, asked } = lying(() => said);
      expect(file.endAccess(0, 3, grefs)).toBe(said);
      // Nor does a wrong answer count as an end of access when the call fails afterwards.
      faults.fail("endAccess", { when: "after", error: boom });
      expect(() => file.endAccess(0, 3, grefs)).toThrow(boom);
      asked.length = 0;
      file.endAccess(1, 2, grefs.subarray(1));
      const right = Array.isArray(said) && said.length === 1 && said[0] === 1;
      expect(asked).toEqual(right ? [[1, 1]] : [[1, 2]]);
    }
  });

  test("beside pages that a rule holds fails for its stretch alone", () => {
    for (const said of [[2], new Set([0]), [0, 0], [-1], [0.5], undefined]) {
      const { faults, file, grefs } = lying((page) => page === 0 ? said : []);
      faults.hold({ grefs: [grefs[1]!] });
      expect(file.endAccess(0, 3, grefs)).toEqual([0, 1]);
      expect(() => file.endAccess(0, 2, grefs)).toThrow(TypeError);
    }
  });
});

describe("hooks", () => {
  test("that throw make their call fail, before or after it is done", () => {
    for (const when of ["before", "after"] as const) {
      for (const part of ["grants", "maps"] as const) {
        for (const [kind, { prepare, run, operation, after }] of Object.entries(part === "grants" ? GRANTS : MAPS)) {
          const all = faultyMachine();
          const at = prepare?.(all) ?? {};
          const act = () => {
            throw boom;
          };
          all.faults[when](kind as FaultKind, act, { part, times: 1 });
          expect(grantError(() => run(all, at))).toMatchObject({ operation, cause: boom });
          expect(all.device.inspect()).toMatchObject(after);
          expect(all.faults.injected()).toBe(0);
          all.finish();
        }
      }
    }
  });
});
