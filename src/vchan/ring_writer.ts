import { BrokenRing } from "./broken_ring.ts";
import { READ, type Side, WROTE } from "./layout.ts";
import type { RingSink } from "./ring_memory.ts";
import type { SharedPage } from "./shared_page.ts";

/**
 * The most bytes that are copied before the index says so. With more, the two sides would take turns: one could not
 * begin before the other has filled or emptied the ring.
 */
export function stepOf(size: number): number {
  return Math.max(4096, Math.min(size / 4, 128 * 1024));
}

/**
 * The end of a ring that this side writes into.
 *
 * Its own index is kept here and only written to the page, never read back: the other side may change it there. The
 * index of the other side is read once for each look, and checked: it can neither pass this side's nor go back.
 */
export class RingWriter {
  readonly #page: SharedPage;
  readonly #side: Side;
  readonly #ring: RingSink;
  readonly #size: number;
  readonly #step: number;
  readonly #notify: () => void;
  readonly #first: number;
  #produced: number;
  /** How many bytes in the ring the other side had not read when it was looked at last. */
  #filled: number;

  /**
   * @param side Whose end it is.
   * @param ring The bytes of the ring.
   * @param size How many these are: a power of two.
   * @param notify Sends an event to the other side.
   * @throws {BrokenRing} if the indices in the page are wrong.
   */
  constructor(page: SharedPage, side: Side, ring: RingSink, size: number, notify: () => void) {
    this.#page = page;
    this.#side = side;
    this.#ring = ring;
    this.#size = size;
    this.#step = stepOf(size);
    this.#notify = notify;
    this.#produced = page.loadIndex(side.writing.produced);
    this.#filled = size;
    this.look();
    this.#first = (this.#produced - this.#filled) | 0;
  }

  /** The size of the ring in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Whether the other side has read anything yet. */
  get wasRead(): boolean {
    return this.#page.loadIndex(this.#side.writing.consumed) !== this.#first;
  }

  /**
   * Looks how many bytes there is room for.
   *
   * @throws {BrokenRing} if the index of the other side is wrong.
   */
  look(): number {
    const filled = (this.#produced - this.#page.loadIndex(this.#side.writing.consumed)) | 0;
    if (filled < 0 || filled > this.#filled) {
      throw new BrokenRing(`it claims to have left ${filled} bytes of ${this.#filled} to be read`);
    }
    this.#filled = filled;
    return this.#size - filled;
  }

  /**
   * Writes as many bytes as there is room for, and sends an event if the other side has asked for one.
   *
   * @param from The first byte of the source to write, and `to` the end of them.
   * @param step How many the other side may see before there are more: all, for a packet.
   * @returns How many were written.
   * @throws {BrokenRing} if the index of the other side is wrong.
   */
  write(source: Uint8Array, from: number, to: number, step: number = this.#step): number {
    const page = this.#page;
    let at = from;
    while (at < to) {
      const left = to - at;
      let room = this.#size - this.#filled;
      if (room < left) room = this.look();
      if (room === 0) break;
      const count = Math.min(room, left, step);
      this.#ring.put(this.#produced & (this.#size - 1), source, at, count);
      this.#produced = (this.#produced + count) | 0;
      this.#filled += count;
      at += count;
      page.storeIndex(this.#side.writing.produced, this.#produced);
      // After the index: a reader that asks, and then sees the old index, is found here. Most of the time nobody asks, and to
      // look costs less than to change the byte.
      if ((page.loadByte(this.#side.answers) & WROTE) !== 0) {
        page.clearBits(this.#side.answers, WROTE);
        this.#notify();
      }
    }
    return at - from;
  }

  /**
   * Asks the other side for an event after it has read, and looks again: it may have read before it was asked.
   *
   * @returns How many bytes there is room for.
   * @throws {BrokenRing} if the index of the other side is wrong.
   */
  ask(): number {
    this.#page.setBits(this.#side.asks, READ);
    return this.look();
  }
}
