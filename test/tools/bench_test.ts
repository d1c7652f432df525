import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupsOf, titleOf } from "../../bench/books/results.ts";
import { NativeSide } from "../../bench/books/sides.ts";
import type { Books } from "../../bench/books/variants/books.ts";
import { buildNative, type NativeVariant } from "../../bench/books/variants/build.ts";
import { FirstDriverBooks } from "../../bench/books/variants/first_driver.ts";
import { LeafBooks } from "../../bench/books/variants/leaf.ts";
import { ShippedBooks } from "../../bench/books/variants/shipped.ts";
import { traceDigest } from "../../bench/books/variants/trace.ts";
import { createCore } from "../../wasm/core.ts";
import { debugCore } from "../support/debug_core.ts";
import { ensureGcc } from "../support/ensure.ts";

const SEEDS = [1, 2, 3];
const STEPS = 600;

/** The digest of the answers of one variant. */
function digest<File>(books: Books<File>, seed: number, steps = STEPS): string {
  return traceDigest(books, seed, steps);
}

describe("the variants of the books give the same answers", () => {
  let directory: string;
  let programs: Record<NativeVariant, string>;

  beforeAll(async () => {
    await ensureGcc();
    directory = await Deno.makeTempDir();
    programs = await buildNative(directory);
  });

  afterAll(async () => {
    await Deno.remove(directory, { recursive: true });
  });

  test.each(SEEDS)("seed %i", async (seed) => {
    const shipped = digest(new ShippedBooks(), seed);
    expect(digest(new LeafBooks(), seed)).toBe(shipped);
    expect(digest(new FirstDriverBooks(), seed)).toBe(shipped);
    expect(await new NativeSide("leaf", programs.leaf).digest(seed, STEPS)).toBe(shipped);
    expect(await new NativeSide("first_driver", programs.first_driver).digest(seed, STEPS)).toBe(shipped);
  });

  test("the core with its asserts, too", () => {
    const steps = 100;
    expect(digest(new ShippedBooks(createCore(debugCore)), 1, steps)).toBe(digest(new LeafBooks(), 1, steps));
  });

  test("another trace gives another digest", () => {
    expect(digest(new LeafBooks(), 1)).not.toBe(digest(new LeafBooks(), 2));
  });
});

test("a run of some groups shows only these", () => {
  const side = "leaf/c";
  const some = [[100, 0], [10_000, 0]].map(([live, pending]) => ({
    side,
    case: { workload: "share" as const, pages: 1, live: live!, pending: pending! },
    rounds: [1],
  }));
  expect(groupsOf({ series: some }).map(({ title, cases }) => [title, cases.length])).toEqual([[
    "end to end, 1 page",
    2,
  ]]);
  expect(some.map((series) => titleOf(series.case))).toEqual([
    "end to end, 1 page, 100 live",
    "end to end, 1 page, 10000 live",
  ]);
  expect(titleOf({ workload: "lifo", pages: 1, live: 2000, pending: 5 })).toBe(
    "allocate and free 1 page, beside pending pages: 5",
  );
});
