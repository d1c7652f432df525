/**
 * The bytes of a ring. They are copied without `Atomics`: the indices around the copy keep the order.
 *
 * @module
 */
import { bufferOf, byteOffsetOf, lengthOf } from "../contract/bytes.ts";
import type { Mapping } from "../shared/mapping.ts";

/** The bytes of a ring that this side writes into. */
export interface RingSink {
  /**
   * Copies bytes into the ring. They continue at its beginning when they reach its end.
   *
   * @param at Where in the ring.
   * @param source Where the bytes come from.
   * @param from The first of them.
   * @param count How many, up to the size of the ring.
   */
  put(at: number, source: Uint8Array, from: number, count: number): void;
}

/** The bytes of a ring that this side reads from. */
export interface RingSource {
  /** Copies bytes out of the ring, likewise. */
  get(at: number, target: Uint8Array, to: number, count: number): void;
}

// A caller's array may override its methods and properties: an override must not receive the shared memory itself.
const { set } = Uint8Array.prototype;

/** The most bytes that a loop copies faster than a call of `set`, which needs a view. */
const FEW = 32;

/** A ring that is in one part of memory. */
export class WholeRing implements RingSink, RingSource {
  readonly #ring: Uint8Array<ArrayBuffer>;
  readonly #size: number;

  constructor(ring: Uint8Array<ArrayBuffer>) {
    this.#ring = ring;
    this.#size = ring.length;
  }

  put(at: number, source: Uint8Array, from: number, count: number): void {
    const first = this.#size - at;
    if (count <= first) return copy(source, from, this.#ring, at, count);
    copy(source, from, this.#ring, at, first);
    copy(source, from + first, this.#ring, 0, count - first);
  }

  get(at: number, target: Uint8Array, to: number, count: number): void {
    const first = this.#size - at;
    if (count <= first) return copy(this.#ring, at, target, to, count);
    copy(this.#ring, at, target, to, first);
    copy(this.#ring, 0, target, to + first, count - first);
  }
}

/** A ring whose pages are in several parts of memory, as they may be on a simulated Xen. */
export class RingInParts implements RingSink, RingSource {
  readonly #parts: readonly Uint8Array<ArrayBuffer>[];

  constructor(parts: readonly Uint8Array<ArrayBuffer>[]) {
    this.#parts = parts;
  }

  put(at: number, source: Uint8Array, from: number, count: number): void {
    this.#visit(at, count, (part, start, length, done) => copy(source, from + done, part, start, length));
  }

  get(at: number, target: Uint8Array, to: number, count: number): void {
    this.#visit(at, count, (part, start, length, done) => copy(part, start, target, to + done, length));
  }

  #visit(
    at: number,
    count: number,
    visit: (part: Uint8Array<ArrayBuffer>, start: number, length: number, done: number) => void,
  ): void {
    const parts = this.#parts;
    let index = 0;
    let start = at;
    while (start >= parts[index]!.length) start -= parts[index++]!.length;
    for (let done = 0; done < count; index = (index + 1) % parts.length, start = 0) {
      const part = parts[index]!;
      const length = Math.min(part.length - start, count - done);
      visit(part, start, length, done);
      done += length;
    }
  }
}

/** A ring that this side may only read. */
export class ReadOnlyRing implements RingSource {
  readonly #mapping: Mapping;
  readonly #size: number;

  /** @param mapping The pages of the ring. */
  constructor(mapping: Mapping, size: number) {
    this.#mapping = mapping;
    this.#size = size;
  }

  get(at: number, target: Uint8Array, to: number, count: number): void {
    const first = Math.min(count, this.#size - at);
    this.#mapping.readInto(part(target, to, first), at);
    if (first < count) this.#mapping.readInto(part(target, to + first, count - first), 0);
  }
}

/** Returns a ring in memory that may be in one part or in several. */
export function ringOf(parts: readonly Uint8Array<ArrayBuffer>[]): WholeRing | RingInParts {
  return parts.length === 1 ? new WholeRing(parts[0]!) : new RingInParts(parts);
}

function copy(source: Uint8Array, from: number, target: Uint8Array, to: number, count: number): void {
  if (from === 0 && count === lengthOf.call(source)) set.call(target, source, to);
  else if (count > FEW) set.call(target, viewOf(source, from, count), to);
  else for (let index = 0; index < count; index++) target[to + index] = source[from + index]!;
}

/**
 * A part of an array, and the array itself if that is what is asked for: a view costs more than the copy of its bytes.
 */
function part(array: Uint8Array, from: number, count: number): Uint8Array {
  return from === 0 && count === lengthOf.call(array) ? array : viewOf(array, from, count);
}

function viewOf(array: Uint8Array, from: number, count: number): Uint8Array {
  return new Uint8Array(bufferOf.call(array), byteOffsetOf.call(array) + from, count);
}
