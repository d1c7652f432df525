/** The bytes of rings, in one part or in several. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ringOf } from "../../src/vchan/ring_memory.ts";
import { pattern } from "./support.ts";

const SIZE = 4096;

/** Cuts a ring into parts, each in memory of its own with other bytes around it. */
function cut(at: readonly number[]): Uint8Array<ArrayBuffer>[] {
  const ends = [...new Set([...at, SIZE])].sort((left, right) => left - right);
  return ends.map((end, index) => new Uint8Array(new ArrayBuffer(SIZE + 16), 8, end - (ends[index - 1] ?? 0)));
}

test("what is put into a ring is got out of it, wherever it wraps and however it is cut", () => {
  const cuts = fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 1, max: SIZE - 1 }), { maxLength: 5 }));
  const place = fc.nat({ max: SIZE - 1 });
  const count = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: SIZE }));
  fc.assert(fc.property(cuts, place, count, fc.nat({ max: 9 }), fc.boolean(), (at, start, count, from, exact) => {
    const parts = cut(at);
    const ring = ringOf(parts);
    const margin = exact ? 0 : from;
    const source = pattern(count + 2 * margin);
    ring.put(start, source, margin, count);
    const flat = Buffer.concat(parts);
    const expected = source.subarray(margin, margin + count);
    expect(Buffer.compare(expected.map((_, index) => flat[(start + index) % SIZE]!), expected)).toBe(0);

    const target = new Uint8Array(count + 2 * margin).fill(99);
    ring.get(start, target, margin, count);
    expect(Buffer.compare(target.subarray(margin, margin + count), expected)).toBe(0);
    // Nothing around it was touched.
    const around = [...target.subarray(0, margin), ...target.subarray(margin + count)];
    expect(around.every((byte) => byte === 99)).toBe(true);
    for (const { buffer, length } of parts) {
      const whole = new Uint8Array(buffer);
      expect([...whole.subarray(0, 8), ...whole.subarray(8 + length)].every((byte) => byte === 0)).toBe(true);
    }
  }));
});

test("an array that is not what it says gets no view of the ring, and is copied as it is", () => {
  class Spy extends Uint8Array {
    override get buffer(): ArrayBuffer {
      return new ArrayBuffer(1);
    }
    override get byteOffset(): number {
      return 1;
    }
    override get length(): number {
      return 2 ** 30;
    }
    override set(): void {
      throw new Error("it was given a view of the ring");
    }
  }
  const ring = ringOf([new Uint8Array(SIZE)]);
  ring.put(0, pattern(100), 0, 100);
  const spy = new Spy(100);
  ring.get(0, spy, 0, 100);
  expect(Array.from(pattern(100), (_, index) => spy[index])).toEqual([...pattern(100)]);
  // In parts, as at the end of the ring.
  ring.put(SIZE - 50, spy, 0, 100);
  ring.get(SIZE - 60, spy, 10, 50);
  expect(spy[59]).toBe(pattern(40)[39]);
  const copy = new Uint8Array(100);
  ring.get(SIZE - 50, copy, 0, 100);
  expect([...copy]).toEqual([...pattern(100)]);
});
