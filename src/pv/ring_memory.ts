import { ArgumentRangeError, ArgumentTypeError } from "../contract/argument_error.ts";
import { checkBytes, lengthOf } from "../contract/bytes.ts";
import { show } from "../contract/checks.ts";
import { readOptions } from "../contract/options.ts";
import type { WritableMapping } from "../shared/mapping.ts";
import { checkSlotSize, ringSize, SLOTS_AT, WORDS } from "./ring_layout.ts";
import { sliceParts } from "../shared/slice_parts.ts";

/** How a ring is laid out. */
export interface RingOptions {
  /** How many bytes a slot has: the larger one of a request and a response, with the padding that C adds, 1 to 4032. */
  slotSize: number;
}

/**
 * The accesses to the memory of a ring, which both sides write. Those of words are one access each, in one order with
 * all others of this side, and indivisible. That is all that the rings are built on.
 */
export interface RingMemory {
  /** How many slots there are: a power of two. */
  readonly size: number;
  /** How many bytes each has. */
  readonly slotSize: number;
  /** Reads a word, as a signed number of 32 bits. */
  load(word: number): number;
  /** Writes a word. What was written before it is seen by whoever sees the word. */
  store(word: number, value: number): void;
  /** Copies bytes to the beginning of a slot. */
  put(slot: number, bytes: Uint8Array): void;
  /** Copies bytes from the beginning of a slot, as many as the target has. */
  get(slot: number, target: Uint8Array): void;
}

type Bytes = Uint8Array<ArrayBuffer>;

// A caller's array may override its methods: an override must not receive the shared memory itself.
const { set } = Uint8Array.prototype;

/**
 * A ring in mapped memory, which may be in several parts on a simulated Xen.
 *
 * `Atomics` make each access to a word whole, and keep their order: see `src/vchan/shared_page.ts`. Slots are copied
 * without them: the words around the copy keep the order.
 */
export class MappedRing implements RingMemory {
  readonly size: number;
  readonly slotSize: number;
  readonly #words: Int32Array<ArrayBuffer>;
  /** The bytes of each slot: in one piece, or in the pieces of the parts that it spans. */
  readonly #slots: readonly (Bytes | readonly Bytes[])[];

  private constructor(parts: readonly Bytes[], pages: number, slotSize: number) {
    this.slotSize = slotSize;
    this.size = ringSize(pages, slotSize);
    const { buffer, byteOffset } = parts[0]!;
    this.#words = new Int32Array(buffer, byteOffset, WORDS);
    this.#slots = Array.from({ length: this.size }, (_, slot) => {
      const pieces = sliceParts(parts, SLOTS_AT + slot * slotSize, slotSize);
      return pieces.length === 1 ? pieces[0]! : pieces;
    });
  }

  /**
   * Makes a ring of a mapping.
   *
   * @param what The operation, for messages.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   */
  static of(what: string, memory: WritableMapping, options: RingOptions): MappedRing {
    const { slotSize } = readOptions(what, options, ["slotSize"]);
    checkSlotSize(what, slotSize);
    const { parts, count } = Object(memory) as Partial<WritableMapping>;
    if (!Array.isArray(parts) || typeof count !== "number" || parts.length === 0) {
      throw new ArgumentTypeError(
        `Cannot ${what} as \`memory\` must be a writable mapping that has not ended, such as \`mapping\` of a share: ` +
          `current value is ${show(memory)}`,
      );
    }
    return new MappedRing(parts, count, slotSize!);
  }

  load(word: number): number {
    return Atomics.load(this.#words, word);
  }

  store(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }

  put(slot: number, bytes: Uint8Array): void {
    const target = this.#slots[slot]!;
    if (target instanceof Uint8Array) return set.call(target, bytes);
    const length = lengthOf.call(bytes);
    let at = 0;
    for (const piece of target) {
      const count = Math.min(piece.length, length - at);
      for (let index = 0; index < count; index++) piece[index] = bytes[at + index]!;
      at += count;
    }
  }

  get(slot: number, target: Uint8Array): void {
    const source = this.#slots[slot]!;
    const length = lengthOf.call(target);
    let at = 0;
    for (const piece of source instanceof Uint8Array ? [source] : source) {
      const count = Math.min(piece.length, length - at);
      for (let index = 0; index < count; index++) target[at + index] = piece[index]!;
      at += count;
    }
  }
}

/** Throws unless a value is an array of at most as many bytes as a slot has. */
export function checkRecord(what: string, name: string, value: unknown, { slotSize }: RingMemory): void {
  checkBytes(what, name, value);
  const length = lengthOf.call(value);
  if (length > slotSize) {
    throw new ArgumentRangeError(
      `Cannot ${what} as ${name} must have at most ${slotSize} bytes, the size of a slot: current value has ${length}`,
    );
  }
}
