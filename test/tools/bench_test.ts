import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Books } from "../../bench/baseline/books.ts";
import { buildNative, type Native } from "../../bench/baseline/build.ts";
import { FoundingBooks } from "../../bench/baseline/founding.ts";
import { LeafBooks } from "../../bench/baseline/leaf.ts";
import { ShippedBooks } from "../../bench/baseline/shipped.ts";
import { traceDigest } from "../../bench/baseline/trace.ts";
import { groupsOf, type Results, titleOf } from "../../bench/results.ts";
import { NativeSide } from "../../bench/sides.ts";
import { createCore } from "../../wasm/core.ts";
import { debugCore } from "../support/debug_core.ts";
import { ensureGcc } from "../support/gcc.ts";

const SEEDS = [1, 2, 3];
const STEPS = 600;

/** The digest of one variant's answers. */
function digest<File>(books: Books<File>, seed: number, steps = STEPS): string {
  return traceDigest(books, seed, steps);
}

describe("what the bench compares gives the same answers", () => {
  let directory: string;
  let programs: Record<Native, string>;

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
    expect(digest(new FoundingBooks(), seed)).toBe(shipped);
    expect(await new NativeSide("leaf", programs.leaf).digest(seed, STEPS)).toBe(shipped);
    expect(await new NativeSide("founding", programs.founding).digest(seed, STEPS)).toBe(shipped);
  });

  test("as the core with its asserts does", () => {
    const steps = 100;
    expect(digest(new ShippedBooks(createCore(debugCore)), 1, steps)).toBe(digest(new LeafBooks(), 1, steps));
  });

  test("and another trace gives another digest", () => {
    expect(digest(new LeafBooks(), 1)).not.toBe(digest(new LeafBooks(), 2));
  });
});

test("a run of some groups shows these, and no others", () => {
  const side = "leaf/c";
  const some = [[100, 0], [10_000, 0]].map(([live, pending]) => ({
    side,
    case: { workload: "share" as const, pages: 1, live: live!, pending: pending! },
    rounds: [1],
  }));
  const results = { series: some } as unknown as Results;
  expect(groupsOf(results).map(({ title, cases }) => [title, cases.length])).toEqual([["whole way, 1 page", 2]]);
  expect(some.map((series) => titleOf(series.case))).toEqual([
    "whole way, 1 page, 100 live",
    "whole way, 1 page, 10000 live",
  ]);
  expect(titleOf({ workload: "lifo", pages: 1, live: 2000, pending: 5 })).toBe(
    "allocate and free, with pending pages: 5",
  );
});
