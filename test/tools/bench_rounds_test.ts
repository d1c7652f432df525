import { expect, test } from "vitest";
import { difference, measureRounds, median, ratio, ratios } from "../../bench/harness/rounds.ts";

test("median() is the figure in the middle, the higher one of two", () => {
  expect(median([30, 10, 20])).toBe(20);
  expect(median([40, 10, 30, 20])).toBe(30);
});

test("ratios() pairs the figures of a round, and leaves out rounds that only one side has", () => {
  expect(ratios([6, 4, 100], [2, 4])).toEqual([1, 3]);
  expect(ratio([6, 4, 10], [2, 4, 5])).toBe(2);
  expect(difference([6, 4, 10], [2, 4, 5])).toBe(4);
});

test("measureRounds() measures every side once a round, in order", async () => {
  const seen: string[] = [];
  const figures = await measureRounds(["a", "b"], 2, (side, round) => {
    seen.push(`${side}${round}`);
    // The second side takes part in the first round alone.
    return Promise.resolve(side === "b" && round > 0 ? undefined : round);
  });
  expect(seen).toEqual(["a0", "b0", "a1", "b1"]);
  expect(figures).toEqual([[0, 1], [0]]);
});
