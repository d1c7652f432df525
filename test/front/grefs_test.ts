import { describe, expect, test } from "vitest";
import { copyGrefs, copyShown, firstGref, showGrefs } from "../../src/grants/grefs.ts";

/** References as an allocation keeps and shows them. */
function shown(...grefs: number[]) {
  const buffer = Uint32Array.from([...grefs, 7, 7]);
  const kept = copyGrefs(buffer, grefs.length);
  buffer.fill(0);
  expect(firstGref(kept)).toBe(grefs[0]);
  return showGrefs(kept, grefs.length);
}

describe("references are shown as they were granted:", () => {
  test.each([
    ["one", [4_294_967_295]],
    ["going up", [8, 9, 10, 11]],
    ["going down", [11, 10, 9, 8]],
    ["going down to the end of the numbers", [4_294_967_295, 4_294_967_294]],
    ["up and then down", [8, 9, 8]],
    ["down and then up", [9, 8, 9]],
    ["two apart", [8, 10, 12]],
    ["up, with the last one elsewhere", [20, 21, 22, 40]],
    ["all the same", [8, 8, 8]],
    ["many", Array.from({ length: 1000 }, (_, index) => 5000 - index)],
  ])("%s", (_, grefs) => {
    expect(shown(...grefs)).toEqual(grefs);
    expect(Object.isFrozen(shown(...grefs))).toBe(true);
    // Kept from the first time, up to a number of them.
    if (grefs.length <= 512) expect(shown(...grefs)).toBe(shown(...grefs));
    expect(shown(...grefs)).toEqual(grefs);
  });

  test("those of the same length that begin alike are told apart", () => {
    // The first two share a place among those that are kept, as their lengths are 256 apart.
    const long = Array.from({ length: 259 }, (_, index) => 300 + index);
    const all = [long, long.slice(0, 3), [30, 31, 32], [30, 29, 28], [30, 31, 40], [30, 29, 31], [30, 31, 32, 33]];
    for (let round = 0; round < 2; round++) {
      for (const grefs of all) expect(shown(...grefs)).toEqual(grefs);
    }
  });

  test("and copied without a look at each, if it is the array that was shown", () => {
    const grefs = shown(50, 49, 48);
    expect(copyShown(grefs)).toEqual([50, 49, 48]);
    expect(copyShown(grefs)).not.toBe(grefs);
    expect(copyShown([50, 49, 48])).toBe(undefined);
  });
});
