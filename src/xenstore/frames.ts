import { HEADER_SIZE } from "../contract/store_wire.ts";
import { Garbage } from "./garbage.ts";

/**
 * The most bytes of a payload that is accepted. Xen's header sets 4096, but oxenstored sends longer lists through its
 * socket.
 */
const LONGEST_REPLY = 2 ** 20;
/** The usual size of the buffer: room for a message of the size that Xen's header sets, and the start of the next. */
const USUAL_SIZE = 8192;

/** Receives whole messages. */
export interface MessageTaker {
  /**
   * A message has arrived. Its payload goes from `start` to `end`; the bytes are valid only during the call.
   *
   * @returns Whether more messages are welcome.
   * @throws {Garbage} if it makes no sense.
   */
  onMessage(type: number, request: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean;
}

/** Puts a stream of bytes together into messages. */
export class Frames {
  readonly #taker: MessageTaker;
  #bytes = new Uint8Array(USUAL_SIZE);
  #view = new DataView(this.#bytes.buffer);
  /** How many bytes of the next message have arrived. They are at the start of the buffer. */
  #filled = 0;

  constructor(taker: MessageTaker) {
    this.#taker = taker;
  }

  /** Where the next bytes go: at least one byte. */
  space(): Uint8Array<ArrayBuffer> {
    return this.#filled === 0 ? this.#bytes : this.#bytes.subarray(this.#filled);
  }

  /**
   * Takes bytes that were put into {@linkcode Frames.space}, and hands over the messages that they complete.
   *
   * @throws {Garbage} if they are not messages.
   */
  add(count: number): void {
    const end = this.#filled + count;
    let start = 0;
    while (end - start >= HEADER_SIZE) {
      const length = this.#view.getUint32(start + 12, true);
      if (length > LONGEST_REPLY) {
        throw new Garbage(`a message of ${length} bytes, and at most ${LONGEST_REPLY} are taken`);
      }
      const payload = start + HEADER_SIZE;
      const next = payload + length;
      if (next > end) break;
      const type = this.#view.getUint32(start, true);
      const request = this.#view.getUint32(start + 4, true);
      start = next;
      if (!this.#taker.onMessage(type, request, this.#bytes, payload, next)) return;
    }
    this.#keep(start, end);
  }

  /** Keeps the beginning of a message, in a buffer that has room for the rest. */
  #keep(start: number, end: number): void {
    this.#filled = end - start;
    const length = this.#filled < HEADER_SIZE ? 0 : this.#view.getUint32(start + 12, true);
    const size = Math.max(USUAL_SIZE, HEADER_SIZE + length);
    if (size === this.#bytes.length) {
      if (start > 0 && start < end) this.#bytes.copyWithin(0, start, end);
      return;
    }
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(start, end));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
