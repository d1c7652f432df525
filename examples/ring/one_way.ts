/**
 * The two ends of one ring: a writer in one domain and a reader in the other.
 *
 * Messages follow each other, each a word with its length and then its bytes, padded to whole words. Two indices tell
 * how far each side is: the writer writes `produced`, the reader writes `consumed`. Both count bytes from 0 and wrap at
 * 2³², not at the end of the ring. The bytes between them can be read.
 *
 * **Order.** A reader must not see the new `produced` before the bytes that it announces, and a writer must not see the
 * new `consumed` before the bytes are copied out. `Atomics.store` and `Atomics.load` ensure that: neither the compiler
 * nor the processor moves a write behind such a store, or a read before such a load. Everything but the indices is read
 * and written without `Atomics`.
 *
 * **Trust.** The other side may write anything at any time. So each of its indices is read once, into a variable, and
 * checked there. This side's own index is kept here and only written to the page, never read back. A message is copied
 * out before it is used.
 *
 * @module
 */
import { type Line, type Page, RING_BYTES, WORD } from "./layout.ts";

/** The word before each message. */
const HEADER = 4;

/** The longest message, in bytes: it fills the ring. */
export const MAX_MESSAGE = RING_BYTES - HEADER;

/** The other side has broken the protocol. Close the ring. */
export class PeerError extends Error {
  override readonly name = "PeerError";
}

/** Returns the bytes that a message takes in the ring: whole words. */
function roomFor(length: number): number {
  return (HEADER + length + 3) & ~3;
}

/** Returns a ring as words. */
function words(ring: Uint8Array<ArrayBuffer>): Line {
  return new Int32Array(ring.buffer, ring.byteOffset, RING_BYTES / HEADER);
}

/** Reads an index as an unsigned number. */
function index(line: Line, word: number): number {
  return Atomics.load(line, word) >>> 0;
}

/** Writes messages for the other side. */
export class Writer {
  readonly #page: Page;
  readonly #headers: Line;
  #produced: number;

  /** @param start The first index, the same for both ends. */
  constructor(page: Page, start = 0) {
    this.#page = page;
    this.#produced = start;
    this.#headers = words(page.outgoing);
  }

  /**
   * Writes a message if there is room for it.
   *
   * @param message At most {@linkcode MAX_MESSAGE} bytes.
   * @returns Whether there was room.
   * @throws {PeerError} if the other side claims to have read more than was written.
   */
  write(message: Uint8Array): boolean {
    const { own, other, outgoing } = this.#page;
    const filled = (this.#produced - index(other, WORD.consumed)) >>> 0;
    if (filled > RING_BYTES) throw new PeerError(`the other side leaves ${filled} of ${RING_BYTES} bytes to be read`);
    const room = roomFor(message.length);
    if (room > RING_BYTES - filled) return false;

    const start = this.#produced % RING_BYTES;
    // A header never crosses the end, as messages take whole words.
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

  /** @param start The first index, the same for both ends. */
  constructor(page: Page, start = 0) {
    this.#page = page;
    this.#consumed = start;
    this.#headers = words(page.incoming);
  }

  /**
   * Reads the next message.
   *
   * @returns A copy, or `undefined` if there is no message.
   * @throws {PeerError} if the other side has written what cannot be a message.
   */
  read(): Uint8Array<ArrayBuffer> | undefined {
    const { own, other, incoming } = this.#page;
    const filled = (index(other, WORD.produced) - this.#consumed) >>> 0;
    if (filled === 0) return undefined;
    if (filled > RING_BYTES) throw new PeerError(`the other side has ${filled} bytes in a ring of ${RING_BYTES}`);

    const start = this.#consumed % RING_BYTES;
    // Atomically, too, so that it is read only once.
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

/** Copies a message into a ring. It continues at the start when it reaches the end. */
function copyIn(ring: Uint8Array, start: number, message: Uint8Array): void {
  const first = Math.min(message.length, RING_BYTES - start);
  ring.set(message.subarray(0, first), start);
  ring.set(message.subarray(first), 0);
}

/** Copies a message out of a ring. It continues at the start when it reaches the end. */
function copyOut(ring: Uint8Array, start: number, length: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(length);
  const first = Math.min(length, RING_BYTES - start);
  message.set(ring.subarray(start, start + first));
  message.set(ring.subarray(0, length - first), first);
  return message;
}
