/** Bytes of memory in parts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { sliceParts } from "../../src/shared/slice_parts.ts";

const pattern = (length: number, first = 0) => Uint8Array.from({ length }, (_, index) => first + index);

test("`sliceParts()` finds bytes across parts", () => {
  const parts = [pattern(10), pattern(5, 10), pattern(20, 15)];
  fc.assert(fc.property(fc.nat({ max: 35 }), fc.nat({ max: 35 }), (start, length) => {
    const end = Math.min(35, start + length);
    expect(Buffer.concat(sliceParts(parts, start, end - start))).toEqual(Buffer.from(pattern(end - start, start)));
  }));
});
