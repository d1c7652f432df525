import { decodeHeader, HEADER_SIZE } from "../../src/contract/store_wire.ts";

/** Tells whether a stream of messages, of which the bytes come in any pieces, is between two messages. */
export class MessageBorders {
  readonly #header = new Uint8Array(HEADER_SIZE);
  /** Bytes of the header that have come. */
  #got = 0;
  /** Bytes of the payload that are still to come. */
  #missing = 0;

  /** Whether the next byte begins a message. */
  get isBetween(): boolean {
    return this.#got === 0;
  }

  /** Takes note of bytes of the stream. */
  pass(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#got < HEADER_SIZE) {
        const part = bytes.subarray(at, at + HEADER_SIZE - this.#got);
        this.#header.set(part, this.#got);
        this.#got += part.length;
        at += part.length;
        if (this.#got < HEADER_SIZE) return;
        this.#missing = decodeHeader(this.#header).length;
      } else {
        const size = Math.min(this.#missing, bytes.length - at);
        this.#missing -= size;
        at += size;
      }
      if (this.#missing === 0) this.#got = 0;
    }
  }
}
