/** The sizes of rings, beside what libxenvchan chooses and accepts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseOrders, faultOf, MOST_BYTES, pagesOf, placeInPage } from "../../src/vchan/orders.ts";

describe("`chooseOrders()`", () => {
  test.each([
    [0, 0, 10, 11],
    [1024, 2048, 10, 11],
    [1024, 1024, 10, 11],
    [1025, 1024, 11, 10],
    [2048, 1024, 11, 10],
    [2048, 2048, 11, 12],
    [1025, 1025, 11, 12],
    [0, 2049, 11, 12],
    [2048, 4097, 11, 13],
    [2049, 0, 12, 11],
    [4096, 2048, 12, 11],
    [4097, 2048, 13, 11],
    [2049, 2049, 12, 12],
    [65536, 65537, 16, 17],
    [MOST_BYTES, MOST_BYTES, 20, 20],
  ])("for %i to read and %i to write chooses the orders %i and %i", (read, write, left, right) => {
    expect(chooseOrders(read, write)).toEqual({ left, right });
  });

  test("chooses legal rings of at least these sizes, and not twice as large where pages are taken", () => {
    const sizes = fc.nat({ max: MOST_BYTES });
    fc.assert(fc.property(sizes, sizes, (read, write) => {
      const orders = chooseOrders(read, write);
      expect(faultOf(orders)).toBeUndefined();
      for (const [order, size] of [[orders.left, read], [orders.right, write]] as const) {
        expect(2 ** order).toBeGreaterThanOrEqual(size);
        if (order > 12) expect(2 ** (order - 1)).toBeLessThan(size);
      }
    }));
  });
});

describe("`faultOf()`", () => {
  const legal = (left: number, right: number) => faultOf({ left, right }) === undefined;

  test("allows exactly the pairs that libxenvchan's client does, and whose references fit", () => {
    for (let left = 0; left <= 40; left++) {
      for (let right = 0; right <= 40; right++) {
        const inBounds = left >= 10 && left <= 20 && right >= 10 && right <= 20;
        const apart = left !== right || left >= 12;
        const grants = pagesOf(left) + pagesOf(right);
        const fits = Math.min(left, right) !== 10 || grants <= 250;
        expect([left, right, legal(left, right)]).toEqual([left, right, inBounds && apart && fits]);
      }
    }
  });

  test("says what is wrong", () => {
    expect(faultOf({ left: 9, right: 12 })).toBe("an order must be from 10 to 20");
    expect(faultOf({ left: 11, right: 11 })).toBe("both rings would be in the same place");
    expect(faultOf({ left: 10, right: 20 })).toBe(
      "the references would end at byte 1048, inside the ring at byte 1024",
    );
  });
});

test("rings of 1 and 2 KiB are in the page, and others have pages", () => {
  expect([10, 11, 12, 13, 20].map(placeInPage)).toEqual([1024, 2048, undefined, undefined, undefined]);
  expect([10, 11, 12, 13, 20].map(pagesOf)).toEqual([0, 0, 1, 2, 256]);
});
