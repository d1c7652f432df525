/**
 * The two ends of one ring: a writer in this domain and a reader in the other, or the other way round.
 *
 * Messages lie one behind the other, each a word with its length and then its bytes, filled up to whole words. Two numbers say
 * how far each side is: `produced`, which the writer writes, and `consumed`, which the reader writes. Both count bytes, from 0,
 * and run on past the end of the ring and round at 2³²; what lies between them is what there is to read.
 *
 * **Order.** A reader must never see the new `produced` before the bytes that it announces, nor a writer the new `consumed` before
 * the bytes were copied out. `Atomics.store` and `Atomics.load` see to that: nothing that is written before such a store moves
 * behind it, nothing that is read after such a load moves before it, neither in the compiler nor in the processor. What is not an
 * index is read and written plainly.
 *
 * **Trust.** The other side may write anything at any time. So each index that it writes is read once, into a variable, and checked
 * there; this side's own index is kept here and only written to the page, never read back; and a message is copied out before
 * anybody looks at it.
 *
 * @module
 */
import { type Line, type Page, RING_BYTES, WORD } from "./layout.ts";

/** The word before each message. */
const HEADER = 4;

/** The longest message, in bytes: one that fills the ring. */
export const MAX_MESSAGE = RING_BYTES - HEADER;

/** The other side has written what the protocol does not allow. What it writes from then on is not looked at. */
export class PeerError extends Error {
  override readonly name = "PeerError";
}

/** The room that a message takes, in bytes: whole words. */
function roomFor(length: number): number {
  return (HEADER + length + 3) & ~3;
}

/** A ring as words. */
function words(ring: Uint8Array<ArrayBuffer>): Line {
  return new Int32Array(ring.buffer, ring.byteOffset, RING_BYTES / HEADER);
}

/** An index as it is counted: Int32Array gives it with a sign. */
function index(line: Line, word: number): number {
  return Atomics.load(line, word) >>> 0;
}

/** Writes messages for the other side. */
export class Writer {
  readonly #page: Page;
  readonly #headers: Line;
  #produced: number;

  /** @param start Where the indices begin, on both sides of the ring. */
  constructor(page: Page, start = 0) {
    this.#page = page;
    this.#produced = start;
    this.#headers = words(page.outgoing);
  }

  /**
   * Writes a message: whether there was room for it.
   *
   * @param message At most {@linkcode MAX_MESSAGE} bytes.
   * @throws {PeerError} if the other side says that it has read what was never written.
   */
  write(message: Uint8Array): boolean {
    const { own, other, outgoing } = this.#page;
    const filled = (this.#produced - index(other, WORD.consumed)) >>> 0;
    if (filled > RING_BYTES) throw new PeerError(`the other side leaves ${filled} of ${RING_BYTES} bytes to be read`);
    const room = roomFor(message.length);
    if (room > RING_BYTES - filled) return false;

    const start = this.#produced % RING_BYTES;
    // A header never lies across the end: all room is in whole words.
    this.#headers[start / HEADER] = message.length;
    copyIn(outgoing, (start + HEADER) % RING_BYTES, message);
    this.#produced = (this.#produced + room) >>> 0;
    Atomics.store(own, WORD.produced, this.#produced | 0);
    return true;
  }
}

/** Reads the other side's messages. */
export class Reader {
  readonly #page: Page;
  readonly #headers: Line;
  #consumed: number;

  /** @param start Where the indices begin, on both sides of the ring. */
  constructor(page: Page, start = 0) {
    this.#page = page;
    this.#consumed = start;
    this.#headers = words(page.incoming);
  }

  /**
   * Reads the next message: a copy, or `undefined` if there is none.
   *
   * @throws {PeerError} if the other side has written what cannot be a message.
   */
  read(): Uint8Array<ArrayBuffer> | undefined {
    const { own, other, incoming } = this.#page;
    const filled = (index(other, WORD.produced) - this.#consumed) >>> 0;
    if (filled === 0) return undefined;
    if (filled > RING_BYTES) throw new PeerError(`the other side has ${filled} bytes in a ring of ${RING_BYTES}`);

    const start = this.#consumed % RING_BYTES;
    // Atomically as well, so that it is certain to be read once.
    const length = Atomics.load(this.#headers, start / HEADER) >>> 0;
    if (length > MAX_MESSAGE || roomFor(length) > filled) {
      throw new PeerError(`the other side has a message of ${length} bytes in the ${filled} that are to be read`);
    }
    const message = copyOut(incoming, (start + HEADER) % RING_BYTES, length);
    this.#consumed = (this.#consumed + roomFor(length)) >>> 0;
    Atomics.store(own, WORD.consumed, this.#consumed | 0);
    return message;
  }
}

/** Copies a message into a ring, round its end. */
function copyIn(ring: Uint8Array, start: number, message: Uint8Array): void {
  const first = Math.min(message.length, RING_BYTES - start);
  ring.set(message.subarray(0, first), start);
  ring.set(message.subarray(first), 0);
}

/** Copies a message out of a ring, round its end. */
function copyOut(ring: Uint8Array, start: number, length: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(length);
  const first = Math.min(length, RING_BYTES - start);
  message.set(ring.subarray(start, start + first));
  message.set(ring.subarray(0, length - first), first);
  return message;
}
