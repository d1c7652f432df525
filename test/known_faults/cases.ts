/**
 * The faults of the first version of the driver (S), and those that Linux still has (U). Each has a check that this
 * library does not have the fault, and a patch that plants it, so that the check can be seen to fail.
 */
import type * as library from "../../mod.ts";
import type * as mock from "../../backends/mock.ts";
import type { GrantFile } from "../../src/contract/backend.ts";
import { assert, assertEquals } from "../conformance/asserts.ts";
import { replaceMethods } from "../support/replace_methods.ts";

/** The library under test: this one, or a patched copy. */
type Library = typeof library & typeof mock;

/** A text that occurs once in a source file, and its replacement. */
export interface Patch {
  file: string;
  find: string;
  replace: string;
}

interface Case {
  name: string;
  /** The fault, and what triggers it. */
  fault: string;
  /** Throws if the fault is there. */
  check(library: Library): void;
  /** Part of the message of the check if the fault is there. */
  says: string;
  /** Plants the fault. */
  patch: Patch;
}

const CORE = "wasm/assembly/core.ts";
const ALLOCATION = "wasm/assembly/allocation.ts";
const DRIVER = "src/grants/engine.ts";
const GRANT_FILE = "backends/mock/grant_file.ts";

/** Makes a simulated Xen, and a device of domain 1 that replaces some methods of its files. The peer is domain 0. */
function grantAndMap(
  { GrantDevice, GrantMapper, MockXen }: Library,
  { limit = 1024, tableFrames = 64, replace = (() => ({})) as (file: GrantFile) => Partial<GrantFile> } = {},
) {
  const xen = new MockXen({ profile: "linux-5.16", limit: Infinity, tableFrames });
  const device = new GrantDevice({ grants: replaceMethods(xen.domain(1).grants, replace) }, { limit });
  return { xen, device, allocator: device.open(), mapper: new GrantMapper(xen.domain(0)) };
}

/** Returns the code of the error that an action throws, or "none". */
function code({ GrantError }: Library, action: () => unknown): string {
  try {
    action();
    return "none";
  } catch (error) {
    if (error instanceof GrantError) return error.code;
    throw error;
  }
}

/** Makes every grant of more than one page fail after three pages. */
function failsAfterThree(file: GrantFile): Partial<GrantFile> {
  return {
    grant(page, count, domid, writable, grefs) {
      file.grant(page, Math.min(count, 3), domid, writable, grefs);
      if (count > 1) throw new Error("planned");
    },
  };
}

export const CASES: readonly Case[] = [
  {
    name: "S1",
    fault: "a failed allocation lowers the count of pages twice",
    check(library) {
      const { device, allocator } = grantAndMap(library, { limit: 10, replace: failsAfterThree });
      allocator.allocate(0);
      assertEquals(code(library, () => allocator.allocate(0, { pages: 5 })), "backend-failed");
      assertEquals(device.inspect().live, 1);
    },
    says: "got -2, expected 1",
    patch: {
      file: ALLOCATION,
      find: "settle(file, first, count, false);",
      replace: "settle(file, first, count, false); livePages -= count;",
    },
  },
  {
    name: "S2",
    fault: "a failed allocation leaves the file's index advanced",
    check(library) {
      const { allocator } = grantAndMap(library, { replace: failsAfterThree });
      code(library, () => allocator.allocate(0, { pages: 5 }));
      assertEquals(allocator.allocate(0).page, 0);
    },
    says: "got 3, expected 0",
    patch: { file: DRIVER, find: "    books.rewind(open.address, page);\n", replace: "" },
  },
  {
    name: "S3",
    fault: "a full grant table reads as success",
    check(library) {
      const { xen, device, allocator } = grantAndMap(library, { tableFrames: 1 });
      assertEquals(code(library, () => allocator.allocate(0, { pages: 505 })), "table-full");
      assertEquals(device.inspect().live, 0);
      xen.assertClean();
      assertEquals(allocator.allocate(0, { pages: 504 }).count, 504);
    },
    says: 'got "backend-failed", expected "table-full"',
    patch: { file: GRANT_FILE, find: "if (granted === count) return;", replace: "if (granted <= count) return;" },
  },
  {
    name: "S4",
    fault: "pages that the peer mapped by guessing while a failed allocation was undone are never freed",
    check(library) {
      const made = grantAndMap(library, {
        replace: (file) => ({
          grant(page, count, domid, writable, grefs) {
            file.grant(page, count, domid, writable, grefs);
            if (count === 1) return;
            theirs = made.mapper.map(1, [grefs[1]!]);
            throw new Error("planned");
          },
        }),
      });
      let theirs: library.Mapping | undefined;
      code(library, () => made.allocator.allocate(0, { pages: 3 }));
      const { live, listed, pending } = made.device.inspect();
      assertEquals([live, listed, pending], [1, 0, 1]);
      theirs!.unmap();
      made.allocator.allocate(0).free();
      assertEquals(made.device.inspect().live, 0);
      made.xen.assertClean();
    },
    says: "got [3, 3, 0], expected [1, 0, 1]",
    patch: {
      file: ALLOCATION,
      find: "settle(file, first, count, false);",
      replace: "settle(file, first, count, true); file.listed += count; listedPages += count;",
    },
  },
  {
    name: "S5",
    fault: "references that were freed are never used again: the table is exhausted after some 32,000 allocations",
    check(library) {
      const { allocator } = grantAndMap(library);
      for (let round = 0; round < 33_000; round++) allocator.allocate(0).free();
    },
    says: "32760 references and 0 are in use",
    patch: { file: "backends/mock/grant_table.ts", find: "      free.push(gref);\n", replace: "" },
  },
  {
    name: "S6",
    fault: "the end of a mapping lowers the count of its first page alone",
    check(library) {
      const { device, allocator } = grantAndMap(library);
      const pages = allocator.allocate(0, { pages: 5 });
      const view = pages.map();
      pages.free();
      view.unmap();
      assertEquals(device.inspect().live, 0);
    },
    says: "got 4, expected 0",
    patch: {
      file: CORE,
      find: "const end = first + count;\n  assert(file.mappings > 0);",
      replace: "const end = first + 1;",
    },
  },
  {
    name: "S7",
    fault: "a mapping is ended twice: counts fall below what is mapped",
    check(library) {
      const { device, allocator } = grantAndMap(library);
      const pages = allocator.allocate(0);
      const [first, second] = [pages.map(), pages.map()];
      first.unmap();
      first.unmap();
      pages.free();
      assertEquals(device.inspect().live, 1);
      second.bytes[0] = 1;
      second.unmap();
      assertEquals(device.inspect().live, 0);
    },
    says: "got 0, expected 1",
    patch: { file: "src/shared/mapping.ts", find: "    this.#unmapped = true;\n", replace: "" },
  },
  {
    name: "S8",
    fault: "a lock is held over calls that may sleep; here there is none, but a mark that must not outlive a failure",
    check(library) {
      const { allocator } = grantAndMap(library, {
        replace: (file) => ({
          setUnmapNotify(page, gref, notify) {
            if (notify.clearByte === 1) throw new Error("planned");
            file.setUnmapNotify(page, gref, notify);
          },
        }),
      });
      const pages = allocator.allocate(0);
      assertEquals(code(library, () => pages.setUnmapNotify({ clearByte: 1 })), "backend-failed");
      assertEquals(code(library, () => pages.setUnmapNotify({ clearByte: 2 })), "none");
    },
    says: 'got "busy", expected "none"',
    patch: {
      file: DRIVER,
      find: `throw this.#guard.failed("notify", error);
      }
    } finally {
      this.#guard.end();
    }`,
      replace: `throw this.#guard.failed("notify", error);
      }
      this.#guard.end();
    } finally {}`,
    },
  },
  {
    name: "S9",
    fault: "arithmetic on the number of pages overflows",
    check(library) {
      const { device, allocator } = grantAndMap(library, { limit: 8 });
      allocator.allocate(0);
      for (const pages of [0xffff_ffff, 0x8000_0000, 0x4000_0000]) {
        assertEquals(code(library, () => allocator.allocate(0, { pages })), "limit-reached");
      }
      assertEquals(device.inspect().live, 1);
    },
    says: 'got "no-memory", expected "limit-reached"',
    patch: {
      file: ALLOCATION,
      find: "<f64>livePages + <f64>count > limitPages",
      replace: "<f64>(livePages + count) > limitPages",
    },
  },
  {
    name: "S10",
    fault: "the peer maps a page between the question whether it does and the end of its access (CVE-2022-23039)",
    check(library) {
      const made = grantAndMap(library, {
        replace: (file) => ({
          endAccess(page, count, grefs) {
            // The last moment, when the library has decided everything.
            theirs ??= made.mapper.map(1, [grefs[0]!], { writable: true });
            return file.endAccess(page, count, grefs);
          },
        }),
      });
      let theirs: library.WritableMapping | undefined;
      const pages = made.allocator.allocate(0, { writable: true });
      pages.free();
      theirs!.bytes[0] = 1;
      // While the peer maps it, the page belongs to nobody else.
      const next = made.allocator.allocate(0, { writable: true });
      assert(next.grefs[0] !== pages.grefs[0], "the reference was given away");
      assertEquals(made.device.inspect().pending, 1);
      next.free();
      theirs!.unmap();
      made.device.close();
      made.xen.assertClean();
    },
    says: "the reference was given away",
    patch: { file: GRANT_FILE, find: "if (!table.isMapped(gref)) {", replace: "if (gref > 0) {" },
  },
  {
    name: "S11",
    fault: "there is no unmap notify",
    check(library) {
      const { allocator, mapper } = grantAndMap(library);
      const pages = allocator.allocate(0, { writable: true });
      pages.setUnmapNotify({ clearByte: 9 });
      const theirs = mapper.map(1, pages.grefs, { writable: true });
      theirs.bytes[9] = 1;
      allocator.close();
      assertEquals(theirs.bytes[9], 0);
    },
    says: "got 1, expected 0",
    patch: {
      file: GRANT_FILE,
      find: "if (notify.clearByte !== undefined) domain",
      replace: "if (notify.clearByte === -1) domain",
    },
  },
  {
    name: "U1",
    fault: "with each allocation that fails half-way the count of pages drifts below what is there",
    check(library) {
      const { device, allocator } = grantAndMap(library, { limit: 600, tableFrames: 1 });
      allocator.allocate(0, { pages: 100 });
      for (let round = 0; round < 50; round++) {
        assertEquals(code(library, () => allocator.allocate(0, { pages: 500 })), "table-full");
      }
      assertEquals(device.inspect().live, 100);
      device.limit = 100;
      assertEquals(code(library, () => allocator.allocate(0)), "limit-reached");
    },
    says: "got 50, expected 100",
    patch: {
      file: ALLOCATION,
      find: "  livePages -= count;\n  file.next",
      replace: "  livePages -= count + 1;\n  file.next",
    },
  },
  {
    name: "U2",
    fault: "a full grant table leaks a page",
    check(library) {
      const { xen, allocator } = grantAndMap(library, { tableFrames: 1 });
      code(library, () => allocator.allocate(0, { pages: 505 }));
      xen.assertClean();
    },
    says: "domain 1 grants domain 0 pages by references 13 to 511",
    patch: {
      file: DRIVER,
      find: "grantedCount(this.#grefs, count)",
      replace: "grantedCount(this.#grefs, Math.max(0, count - 500))",
    },
  },
  {
    name: "U3",
    fault: "a mapping across two allocations releases the page of whichever file allocated in between",
    check(library) {
      const runs: number[][] = [];
      const { allocator } = grantAndMap(library, {
        replace: (file) => ({
          map(page, count, gref, writable) {
            runs.push([page, count]);
            return file.map(page, count, gref, writable);
          },
        }),
      });
      allocator.allocate(0, { pages: 2 });
      allocator.allocate(0, { pages: 3 });
      code(library, () => allocator.map(1, 3));
      assertEquals(runs, [[1, 1], [2, 2]]);
    },
    says: "got [[1, 3]], expected [[1, 1], [2, 2]]",
    patch: {
      file: CORE,
      find: "    if (rest) return",
      replace: "    if (!rest && page < first) return",
    },
  },
  {
    name: "U4",
    fault: "a mapping that fails leaves the counts of its pages raised",
    check(library) {
      const { device, allocator } = grantAndMap(library, {
        replace: () => ({
          map() {
            throw new Error("planned");
          },
        }),
      });
      const pages = allocator.allocate(0, { pages: 3 });
      code(library, () => pages.map());
      assertEquals(device.inspect().mapped, 0);
      pages.free();
      assertEquals(device.inspect().live, 0);
    },
    says: "got 3, expected 0",
    patch: {
      file: DRIVER,
      find: "        this.#core.books.unmap(open.address, page, count);\n        throw",
      replace: "        throw",
    },
  },
  {
    name: "U5",
    fault: "an error while the result is copied out leaves the allocation behind",
    check(library) {
      const { xen, device, allocator } = grantAndMap(library, {
        replace: (file) => ({
          grant(page, count, domid, writable, grefs) {
            file.grant(page, count, domid, writable, grefs);
            throw new Error("planned");
          },
        }),
      });
      code(library, () => allocator.allocate(0, { pages: 4 }));
      const { live, listed } = device.inspect();
      assertEquals([live, listed], [0, 0]);
      assertEquals(allocator.has(0, 1), false);
      xen.assertClean();
    },
    says: "got [4, 0], expected [0, 0]",
    patch: {
      file: DRIVER,
      find: "throw this.#undo(open, page, count, error);",
      replace: 'throw this.#guard.failed("allocate", error);',
    },
  },
];
