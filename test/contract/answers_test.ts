/** What a backend may answer. */
import { expect, test } from "vitest";
import { checkHeld, endedOffsets, grantedCount } from "../../src/contract/answers.ts";

test("`grantedCount()` counts up to the first reference that is 0, and not beyond the buffer", () => {
  expect(grantedCount(Uint32Array.of(8, 9, 0, 7), 4)).toBe(2);
  expect(grantedCount(Uint32Array.of(8, 9, 10), 2)).toBe(2);
  expect(grantedCount(Uint32Array.of(8), 3)).toBe(1);
  const grefs = Uint32Array.of(8, 9);
  structuredClone(null, { transfer: [grefs.buffer] });
  expect(grantedCount(grefs, 2)).toBe(0);
});

test("`checkHeld()` returns a copy of ascending offsets", () => {
  const answer = [0, 2];
  const held = checkHeld(answer, 3);
  answer[0] = 1;
  expect(held).toEqual([0, 2]);
  expect(checkHeld([], 3)).toEqual([]);
});

test("`checkHeld()` throws on any other answer, and `endedOffsets()` then has no page", () => {
  for (
    const [answer, message] of [
      [undefined, "`endAccess` must return an array of offsets: it returned undefined"],
      [{ length: 0 }, "`endAccess` must return an array of offsets: it returned an Object"],
      [[3], "`endAccess` must return ascending offsets from 0 to 2: one of them is 3"],
      [[-1], "one of them is -1"],
      [[0.5], "one of them is 0.5"],
      [["x"], 'one of them is "x"'],
      [[1, 1], "one of them is 1"],
      [[2, 1], "one of them is 1"],
      [Array(1), "one of them is undefined"],
    ] as [unknown, string][]
  ) {
    expect(() => checkHeld(answer, 3)).toThrow(TypeError);
    expect(() => checkHeld(answer, 3)).toThrow(message);
    expect(endedOffsets(answer, 3)).toEqual([]);
  }
});

test("`endedOffsets()` has the pages that `endAccess` did not name", () => {
  expect(endedOffsets([], 3)).toEqual([0, 1, 2]);
  expect(endedOffsets([1], 3)).toEqual([0, 2]);
  expect(endedOffsets([0, 1, 2], 3)).toEqual([]);
});
