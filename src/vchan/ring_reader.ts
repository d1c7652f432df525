import { BrokenRing } from "./broken_ring.ts";
import { READ, type Side, WROTE } from "./layout.ts";
import type { RingSource } from "./ring_memory.ts";
import { stepOf } from "./ring_writer.ts";
import type { SharedPage } from "./shared_page.ts";

/**
 * The end of a ring that this side reads from. Its own index is private, and that of the other side is checked, as in
 * {@linkcode RingWriter}.
 */
export class RingReader {
  readonly #page: SharedPage;
  readonly #side: Side;
  readonly #ring: RingSource;
  readonly #size: number;
  readonly #step: number;
  readonly #notify: () => void;
  #consumed: number;
  /** How many bytes there were to read when the other side was looked at last. */
  #ready = 0;

  /**
   * @param side Whose end it is.
   * @param ring The bytes of the ring.
   * @param size How many these are: a power of two.
   * @param notify Sends an event to the other side.
   * @throws {BrokenRing} if the indices in the page are wrong.
   */
  constructor(page: SharedPage, side: Side, ring: RingSource, size: number, notify: () => void) {
    this.#page = page;
    this.#side = side;
    this.#ring = ring;
    this.#size = size;
    this.#step = stepOf(size);
    this.#notify = notify;
    this.#consumed = page.loadIndex(side.reading.consumed);
    this.look();
  }

  /** The size of the ring in bytes. */
  get size(): number {
    return this.#size;
  }

  /**
   * Looks how many bytes there are to read.
   *
   * @throws {BrokenRing} if the index of the other side is wrong.
   */
  look(): number {
    const ready = (this.#page.loadIndex(this.#side.reading.produced) - this.#consumed) | 0;
    if (ready < this.#ready || ready > this.#size) {
      throw new BrokenRing(`it claims to have written ${ready} bytes into a ring of ${this.#size}`);
    }
    return this.#ready = ready;
  }

  /**
   * Reads as many bytes as there are, and sends an event if the other side has asked for one.
   *
   * @param from Where to put the first byte in the target, and `to` the end of them.
   * @returns How many were read.
   * @throws {BrokenRing} if the index of the other side is wrong.
   */
  read(target: Uint8Array, from: number, to: number): number {
    const page = this.#page;
    let at = from;
    // One look for each call: more would take the index from the cache of the side that writes it.
    const ready = this.#ready < to - from ? this.look() : this.#ready;
    const end = Math.min(to, from + ready);
    while (at < end) {
      const count = Math.min(end - at, this.#step);
      this.#ring.get(this.#consumed & (this.#size - 1), target, at, count);
      this.#consumed = (this.#consumed + count) | 0;
      this.#ready -= count;
      at += count;
      page.storeIndex(this.#side.reading.consumed, this.#consumed);
      // After the index: a writer that asks, and then sees the old index, is found here. Most of the time nobody asks, and to
      // look costs less than to change the byte.
      if ((page.loadByte(this.#side.answers) & READ) !== 0) {
        page.clearBits(this.#side.answers, READ);
        this.#notify();
      }
    }
    return at - from;
  }

  /**
   * Asks the other side for an event after it has written, and looks again: it may have written before it was asked.
   *
   * @returns How many bytes there are to read.
   * @throws {BrokenRing} if the index of the other side is wrong.
   */
  ask(): number {
    this.#page.setBits(this.#side.asks, WROTE);
    return this.look();
  }
}
