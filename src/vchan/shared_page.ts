import { GRANTS_AT, INDICES } from "./layout.ts";

/**
 * The accesses to the words and bytes of the page that both sides write. Each is one access to memory, in one order
 * with all others of this side, and indivisible. That is all that the rings are built on.
 */
export interface SharedPage {
  /** Reads an index, as a signed number of 32 bits. */
  loadIndex(word: number): number;
  /** Writes an index. What was written before it is seen by whoever sees the index. */
  storeIndex(word: number, value: number): void;
  /** Reads a byte. */
  loadByte(at: number): number;
  /** Writes a byte. */
  storeByte(at: number, value: number): void;
  /** Sets bits of a byte. */
  setBits(at: number, bits: number): void;
  /** Clears bits of a byte. */
  clearBits(at: number, bits: number): void;
}

/**
 * The page in mapped memory.
 *
 * `Atomics` make each access whole, and keep their order: neither the engine nor the processor moves a plain access
 * across them, or a load before an earlier store. The language promises that for a `SharedArrayBuffer` only, but
 * engines make the same instructions for any buffer; tests of two threads over one mapping show it for Deno and Node.
 *
 * The notify bytes are changed one at a time, and not with the word around them: the live bytes in that word belong to
 * others, and a write of the whole word would undo theirs.
 */
export class MappedPage implements SharedPage {
  // Signed, because engines handle numbers of 31 or 32 bits faster than those that need a sign bit more.
  readonly #indices: Int32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /** @param bytes The page. It may be part of a larger buffer. */
  constructor({ buffer, byteOffset }: Uint8Array<ArrayBuffer>) {
    this.#indices = new Int32Array(buffer, byteOffset, INDICES);
    this.#bytes = new Uint8Array(buffer, byteOffset, GRANTS_AT);
  }

  loadIndex(word: number): number {
    return Atomics.load(this.#indices, word);
  }

  storeIndex(word: number, value: number): void {
    Atomics.store(this.#indices, word, value);
  }

  loadByte(at: number): number {
    return Atomics.load(this.#bytes, at);
  }

  storeByte(at: number, value: number): void {
    Atomics.store(this.#bytes, at, value);
  }

  /** Changes a byte, if it still has a value. */
  replaceByte(at: number, from: number, to: number): void {
    Atomics.compareExchange(this.#bytes, at, from, to);
  }

  setBits(at: number, bits: number): void {
    Atomics.or(this.#bytes, at, bits);
  }

  clearBits(at: number, bits: number): void {
    Atomics.and(this.#bytes, at, ~bits);
  }
}
