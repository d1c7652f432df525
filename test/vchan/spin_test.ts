/** Looking again before sleeping. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { Spin } from "../../src/vchan/spin.ts";

/** A ring that has a byte from some look on. */
function ringFrom(look: number) {
  return {
    looks: 0,
    look() {
      return ++this.looks >= look ? 1 : 0;
    },
  };
}

describe("`until()`", () => {
  afterEach(() => vi.useRealTimers());

  test("returns as soon as the bytes are there", () => {
    const ring = ringFrom(20);
    expect(new Spin(1000).until(ring, 1)).toBe(true);
    expect(ring.looks).toBe(20);
  });

  test("with 0 microseconds does not look", () => {
    const ring = ringFrom(1);
    expect(new Spin(0).until(ring, 1)).toBe(false);
    expect(ring.looks).toBe(0);
  });

  test("skips 1, 2, 4 and up to 64 waits after it was in vain, until it succeeds", () => {
    const spin = new Spin(1);
    const never = ringFrom(Infinity);
    const skips: number[] = [];
    for (let misses = 0; misses < 9; misses++) {
      let skipped = 0;
      for (const before = never.looks; never.looks === before;) {
        expect(spin.until(never, 1)).toBe(false);
        if (never.looks === before) skipped++;
      }
      skips.push(skipped);
    }
    expect(skips).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 64]);
    const there = ringFrom(1);
    for (let wait = 0; wait < 64; wait++) expect(spin.until(there, 1)).toBe(false);
    expect(spin.until(there, 1)).toBe(true);
    // After a hit, and after one miss again.
    expect(spin.until(ringFrom(1), 1)).toBe(true);
    spin.until(never, 1);
    expect([spin.until(there, 1), spin.until(there, 1)]).toEqual([false, true]);
  });

  test("ends under fake timers", () => {
    vi.useFakeTimers();
    const ring = ringFrom(Infinity);
    expect(new Spin(50).until(ring, 1)).toBe(false);
    expect(ring.looks).toBeGreaterThan(0);
  });
});

describe("`gather()`", () => {
  /** A ring in which there are these bytes, one number for each look. */
  function ringWith(...ready: number[]) {
    return {
      looks: 0,
      look() {
        return ready[Math.min(this.looks++, ready.length - 1)]!;
      },
    };
  }

  test.each([
    ["as long as more bytes come", [64, 128, 192, 192], 4],
    ["no longer than for five pauses", [1, 2, 3, 4, 5, 6, 7, 8], 6],
    ["until there are enough", [64, 2000, 3000], 2],
    ["not at all if there are enough", [1024], 1],
    ["not at all if there are none", [0], 1],
  ])("looks %s", (_, ready, looks) => {
    const ring = ringWith(...ready);
    new Spin(1).gather(ring);
    expect(ring.looks).toBe(looks);
  });

  test("does not look without spin", () => {
    const ring = ringWith(1, 2);
    new Spin(0).gather(ring);
    expect(ring.looks).toBe(0);
  });
});
