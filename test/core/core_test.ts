import { beforeEach, describe, expect, test } from "vitest";
import {
  type Core,
  createCore,
  type FileAddress,
  LIMIT_REACHED,
  NO_MEMORY,
  NOT_FOUND,
  OK,
  STAGING_CAPACITY,
} from "../../wasm/core.ts";
import { debugCore, smallDebugCore } from "../support/debug_core.ts";

let core: Core;
let books: Core["books"];
let file: FileAddress;

beforeEach(() => {
  core = createCore(debugCore);
  ({ books } = core);
  books.setLimit(1024);
  file = books.open();
});

/** Reserves and lists pages. Their references are 100 + the index of the page. Returns the index of the first. */
function allocate(count: number, of = file): number {
  const page = books.reserve(of, count);
  if (page < 0) return page;
  for (let from = 0; from < count; from += STAGING_CAPACITY) {
    const length = Math.min(STAGING_CAPACITY, count - from);
    const staged = core.stagingArea();
    for (let index = 0; index < length; index++) staged[index] = 100 + page + from + index;
    books.list(of, length);
  }
  return page;
}

/**
 * Sweeps. Returns all runs of pending pages: file, first page, references. Access ends to those for which `ends`
 * returns true.
 */
function sweep(ends: (page: number) => boolean = () => true): [FileAddress, number, number[]][] {
  const runs: [FileAddress, number, number[]][] = [];
  for (let count = books.sweep(); count > 0; count = books.nextRun(false)) {
    const page = books.runPage();
    runs.push([books.runFile(), page, [...core.stagingArea().subarray(0, count)]]);
    for (let offset = 0; offset < count; offset++) {
      if (ends(page + offset)) books.ended(offset, 1);
    }
  }
  books.verify!();
  return runs;
}

/** Returns the numbers of live, listed, mapped and pending pages. */
function sums(): number[] {
  books.verify!();
  return [books.live(), books.listed(), books.mapped(), books.pending()];
}

test("the debug build notices broken books", () => {
  allocate(1);
  // It is not mapped. This fails an assert; the release build would count below zero.
  expect(() => books.unmap(file, 0, 1)).toThrow("The core's books are broken");
});

test("`verify()` notices a page that is counted and not there", () => {
  books.reserve(file, 1);
  expect(() => books.verify!()).toThrow("The core's books are broken");
});

describe("`reserve()`", () => {
  test("counts pages toward the limit, without listing them", () => {
    books.setLimit(10);
    expect(books.reserve(file, 8)).toBe(0);
    expect(books.find(file, 0, 1)).toBe(0);
    expect(books.live()).toBe(8);
    books.abandon(file);
    allocate(8);
    expect(books.reserve(file, 3)).toBe(LIMIT_REACHED);
    expect(books.reserve(file, 2)).toBe(8);
  });

  test("checks the limit even for no page at all, as the device does", () => {
    allocate(4);
    books.setLimit(4);
    expect(books.reserve(file, 0)).toBe(4);
    books.setLimit(3);
    expect(books.reserve(file, 0)).toBe(LIMIT_REACHED);
  });

  test("refuses pages that its memory cannot hold, without taking any", () => {
    books.setLimit(Infinity);
    const before = books.memory.buffer.byteLength;
    expect(books.reserve(file, 0xffff_ffff)).toBe(NO_MEMORY);
    expect(books.memory.buffer.byteLength).toBe(before);
    expect(allocate(1)).toBe(0);
    expect(sums()).toEqual([1, 1, 0, 0]);
  });
});

describe("`abandon()`", () => {
  test("gives back exactly the pages that were reserved, and the index (S1, S2)", () => {
    allocate(70);
    expect(books.reserve(file, 200)).toBe(70);
    books.abandon(file);
    expect(sums()).toEqual([70, 70, 0, 0]);
    expect(allocate(1)).toBe(70);
  });

  test("keeps pages that were granted as pending until access ends (S4)", () => {
    books.reserve(file, 100);
    core.stagingArea().set([8, 9, 10]);
    books.adoptAsPending(file, 3);
    books.abandon(file);
    expect(sums()).toEqual([3, 0, 0, 3]);
    expect(sweep((page) => page !== 1)).toEqual([[file, 0, [8, 9, 10]]]);
    books.rewind(file, 0);
    // Page 1 lives on, so its index is not reused.
    expect(allocate(1)).toBe(2);
    expect(sweep()).toEqual([[file, 1, [9]]]);
    expect(sums()).toEqual([1, 1, 0, 0]);
  });

  test("moves the index all the way back when nothing is left", () => {
    allocate(60);
    books.reserve(file, 130);
    core.stagingArea().fill(8, 0, 100);
    books.adoptAsPending(file, 100);
    books.abandon(file);
    sweep();
    books.rewind(file, 60);
    expect(allocate(1)).toBe(60);
    expect(sums()).toEqual([61, 61, 0, 0]);
  });
});

describe("`find()`", () => {
  test("finds runs of listed pages, across leaves and allocations, and nothing else", () => {
    allocate(60);
    allocate(140);
    expect(books.find(file, 0, 200)).toBe(1);
    expect(books.find(file, 63, 66)).toBe(1);
    expect(books.find(file, 199, 1)).toBe(1);
    expect(books.find(file, 199, 2)).toBe(0);
    expect(books.find(file, 200, 1)).toBe(0);
    expect(books.find(file, 0, 0)).toBe(0);
    expect(books.find(file, 0, 0xffff_ffff)).toBe(0);
    expect(books.find(file, Number.MAX_SAFE_INTEGER, 0xffff_ffff)).toBe(0);
    books.free(file, 128, 1);
    expect(books.find(file, 0, 200)).toBe(0);
    expect(books.find(file, 0, 128)).toBe(1);
    expect(books.find(file, 129, 71)).toBe(1);
  });

  test("knows the reference of every page", () => {
    allocate(200);
    for (const page of [0, 1, 63, 64, 127, 199]) expect(books.gref(file, page)).toBe(100 + page);
  });
});

describe("`allocationRun()`", () => {
  test("returns where the allocation of a page ends, or the run", () => {
    allocate(3);
    allocate(64);
    allocate(200);
    allocate(1);
    expect(books.allocationRun(file, 0, 268)).toBe(3);
    expect(books.allocationRun(file, 1, 2)).toBe(2);
    expect(books.allocationRun(file, 1, 1)).toBe(1);
    expect(books.allocationRun(file, 3, 265)).toBe(64);
    expect(books.allocationRun(file, 67, 200)).toBe(200);
    expect(books.allocationRun(file, 67, 201)).toBe(200);
    expect(books.allocationRun(file, 100, 10)).toBe(10);
  });

  test("remembers where an allocation began when its first page is gone", () => {
    allocate(3);
    allocate(3);
    books.free(file, 0, 1);
    sweep();
    expect(books.allocationRun(file, 1, 5)).toBe(2);
  });
});

describe("`free()`", () => {
  test("makes pages pending; the sweep ends them", () => {
    allocate(4);
    expect(books.free(file, 1, 2)).toBe(2);
    expect(sums()).toEqual([4, 2, 0, 2]);
    expect(sweep()).toEqual([[file, 1, [101, 102]]]);
    expect(sums()).toEqual([2, 2, 0, 0]);
  });

  test("changes nothing if one page is not listed", () => {
    allocate(100);
    books.free(file, 70, 1);
    sweep();
    expect(books.free(file, 0, 100)).toBe(NOT_FOUND);
    expect(books.free(file, 70, 1)).toBe(NOT_FOUND);
    expect(books.free(file, 71, 30)).toBe(NOT_FOUND);
    expect(books.free(file, 62, 0xffff_ffff)).toBe(NOT_FOUND);
    expect(books.free(file, 0, 0)).toBe(NOT_FOUND);
    expect(sums()).toEqual([99, 99, 0, 0]);
  });
});

describe("`map()` and `unmap()`", () => {
  test("count every page of every mapping (S6, S7)", () => {
    allocate(130);
    expect(books.map(file, 0, 130)).toBe(OK);
    expect(books.map(file, 60, 10)).toBe(OK);
    expect(books.map(file, 63, 1)).toBe(OK);
    expect(sums()).toEqual([130, 130, 130, 0]);
    books.free(file, 0, 130);
    expect(sums()).toEqual([130, 0, 130, 0]);
    books.unmap(file, 0, 130);
    expect(sums()).toEqual([130, 0, 10, 120]);
    books.unmap(file, 60, 10);
    expect(sums()).toEqual([130, 0, 1, 129]);
    books.unmap(file, 63, 1);
    expect(sums()).toEqual([130, 0, 0, 130]);
    sweep();
    expect(sums()).toEqual([0, 0, 0, 0]);
  });

  test("find only what is listed", () => {
    allocate(4);
    books.map(file, 0, 4);
    books.free(file, 0, 4);
    expect(books.map(file, 0, 1)).toBe(NOT_FOUND);
    books.unmap(file, 0, 4);
  });
});

describe("`close()`", () => {
  test("frees all pages, and forgets the file when access to them has ended", () => {
    allocate(100);
    books.close(file);
    expect(books.forget(file)).toBe(0);
    expect(sweep((page) => page !== 70)).toHaveLength(1);
    expect(books.forget(file)).toBe(0);
    sweep();
    expect(books.forget(file)).toBe(1);
    expect(sums()).toEqual([0, 0, 0, 0]);
  });

  test("waits for the last mapping, which also pins the pages that it does not cover", () => {
    allocate(100);
    books.map(file, 3, 1);
    books.map(file, 3, 1);
    books.free(file, 90, 5);
    books.close(file);
    // Pages that were freed before are not pinned.
    expect(sums()).toEqual([100, 95, 1, 5]);
    books.unmap(file, 3, 1);
    expect(sums()).toEqual([100, 95, 1, 5]);
    books.unmap(file, 3, 1);
    expect(sums()).toEqual([100, 0, 0, 100]);
    sweep();
    expect(books.forget(file)).toBe(1);
  });

  test("reuses the memory of forgotten files", () => {
    const sizes = new Set<number>();
    for (let round = 0; round < 2000; round++) {
      const other = books.open();
      allocate(200, other);
      books.close(other);
      sweep();
      expect(books.forget(other)).toBe(1);
      sizes.add(books.memory.buffer.byteLength);
    }
    expect(sizes.size).toBe(1);
  });
});

describe("the sweep", () => {
  test("returns whole runs across leaves, and separates files and holes", () => {
    const other = books.open();
    allocate(200);
    allocate(10, other);
    books.free(file, 10, 150);
    // This sweep ends without answers.
    expect(books.nextRun(false)).toBe(0);
    books.free(other, 0, 3);
    books.free(other, 5, 2);
    const runs = sweep(() => false);
    expect(runs.map(([of, page, grefs]) => [of, page, grefs.length])).toEqual([
      [file, 10, 150],
      [other, 0, 3],
      [other, 5, 2],
    ]);
    expect(runs[0]![2].at(-1)).toBe(259);
    // Pages to which access did not end come again, each once.
    expect(sweep((page) => page % 2 === 0).flatMap(([, , grefs]) => grefs)).toHaveLength(155);
    expect(books.pending()).toBe(77);
    sweep();
    expect(sums()).toEqual([55, 55, 0, 0]);
  });

  test("returns no more references at a time than there is room for", () => {
    books.setLimit(Infinity);
    allocate(2 * STAGING_CAPACITY + 100);
    books.free(file, 50, 2 * STAGING_CAPACITY + 1);
    expect(sweep().map(([, page, grefs]) => [page, grefs.length])).toEqual([
      [50, STAGING_CAPACITY],
      [50 + STAGING_CAPACITY, STAGING_CAPACITY],
      [50 + 2 * STAGING_CAPACITY, 1],
    ]);
    expect(sums()).toEqual([99, 99, 0, 0]);
  });
});

describe("leaves with few pages", () => {
  test("keep their references when other pages go", () => {
    allocate(200);
    for (let page = 0; page < 128; page++) if (page % 7 !== 3) books.free(file, page, 1);
    const left = Array.from({ length: 18 }, (_, index) => 7 * index + 3);
    expect(sweep().flatMap(([, , grefs]) => grefs)).toHaveLength(110);
    for (const page of left) expect(books.gref(file, page)).toBe(100 + page);
    for (const page of left.splice(5, 9)) expect(books.free(file, page, 1)).toBeGreaterThanOrEqual(0);
    const gone = [38, 45, 52, 59, 66, 73, 80, 87, 94];
    expect(sweep().flatMap(([, , grefs]) => grefs).sort((left, right) => left - right)).toEqual(
      gone.map((page) => 100 + page),
    );
    for (const page of left) expect(books.gref(file, page)).toBe(100 + page);
    expect(sums()).toEqual([81, 81, 0, 0]);
  });

  test("return whole runs of contiguous pages", () => {
    allocate(100);
    books.free(file, 0, 20);
    books.free(file, 22, 30);
    books.free(file, 60, 4);
    sweep();
    books.free(file, 52, 8);
    expect(sweep()).toEqual([[file, 52, [152, 153, 154, 155, 156, 157, 158, 159]]]);
    expect([books.gref(file, 20), books.gref(file, 21)]).toEqual([120, 121]);
  });

  test("take new pages when a failed allocation has given back its indices", () => {
    allocate(10);
    books.free(file, 0, 5);
    sweep();
    books.reserve(file, 150);
    core.stagingArea().fill(8, 0, 100);
    books.adoptAsPending(file, 100);
    books.abandon(file);
    sweep();
    books.rewind(file, 10);
    expect(allocate(1)).toBe(10);
    expect(allocate(70)).toBe(11);
    for (let page = 5; page < 81; page++) expect(books.gref(file, page)).toBe(100 + page);
    expect(sums()).toEqual([76, 76, 0, 0]);
  });

  test("need a fraction of the memory", () => {
    books.setLimit(Infinity);
    const bytes = () => books.memory.buffer.byteLength;
    allocate(64 * 2000);
    const before = bytes();
    for (let page = 0; page < 64 * 2000; page += 64) books.free(file, page + 1, 63);
    sweep();
    allocate(64 * 1500);
    // The references of the new pages alone would need more.
    expect(bytes() - before).toBeLessThan(64 * 1500 * 4);
  });
});

describe("without memory", () => {
  beforeEach(() => {
    core = createCore(smallDebugCore(3));
    ({ books } = core);
    books.setLimit(Infinity);
    file = books.open();
  });

  /** Allocates leaf by leaf, until the memory is used up to the last line. Returns how many pages there are. */
  function fill(): number {
    while (allocate(64) >= 0);
    while (books.open() !== 0);
    return books.live();
  }

  test("few live pages stay where they are, and are found", () => {
    const count = fill();
    expect(count).toBeGreaterThan(10_000);
    for (let page = 0; page < count; page += 64) books.free(file, page + 1, 63);
    sweep();
    expect(books.live()).toBe(count / 64);
    for (let page = 0; page < count; page += 64) expect(books.gref(file, page)).toBe(100 + page);
  });

  test("a mapping is refused if its count has no place, and changes nothing", () => {
    fill();
    expect(books.map(file, 3, 2)).toBe(OK);
    expect(books.map(file, 3, 1)).toBe(NO_MEMORY);
    expect(sums()[2]).toBe(2);
    expect(books.unmap(file, 3, 2)).toBe(OK);
    expect(sums()[2]).toBe(0);
  });

  test("what was freed can be allocated again", () => {
    const count = fill();
    books.free(file, 0, 640);
    sweep();
    expect(books.live()).toBe(count - 640);
    for (let leaf = 0; leaf < 10; leaf++) expect(allocate(64)).toBeGreaterThanOrEqual(count);
    expect(allocate(64)).toBe(NO_MEMORY);
  });
});

test("a million live pages of many files keep their references", () => {
  const release = createCore();
  release.books.setLimit(Infinity);
  const files = Array.from({ length: 100 }, () => release.books.open());
  for (let round = 0; round < 10; round++) {
    for (const of of files) {
      const page = release.books.reserve(of, 1000);
      release.stagingArea().forEach((_, index, staged) => staged[index] = of + page + index);
      release.books.list(of, 1000);
    }
  }
  expect(release.books.live()).toBe(1_000_000);
  for (const of of files) {
    expect(release.books.find(of, 0, 10_000)).toBe(1);
    for (const page of [0, 4321, 9999]) expect(release.books.gref(of, page)).toBe(of + page);
  }
});
