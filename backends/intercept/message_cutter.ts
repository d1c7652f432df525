import { decodeHeader, HEADER_SIZE } from "../../src/contract/store_wire.ts";

/** More bytes than any message of XenStore has: what claims to have them is none. */
const TOO_LONG = 2 ** 20;

/** Cuts a stream of bytes, which come in any pieces, into the messages of XenStore. */
export class MessageCutter {
  #begun = new Uint8Array(0);
  #isGarbage = false;

  /** How many bytes of the next message have come. */
  get held(): number {
    return this.#begun.length;
  }

  /**
   * Takes a piece, and returns copies of the messages that are complete with it. From the first bytes on that are no
   * message, everything is returned as it comes.
   */
  add(piece: Uint8Array): Uint8Array<ArrayBuffer>[] {
    const bytes = new Uint8Array(this.#begun.length + piece.length);
    bytes.set(this.#begun);
    bytes.set(piece, this.#begun.length);
    const messages: Uint8Array<ArrayBuffer>[] = [];
    let start = 0;
    while (!this.#isGarbage && bytes.length - start >= HEADER_SIZE) {
      const { length } = decodeHeader(bytes, start);
      const end = start + HEADER_SIZE + length;
      this.#isGarbage = length > TOO_LONG;
      if (this.#isGarbage || end > bytes.length) break;
      messages.push(bytes.slice(start, end));
      start = end;
    }
    this.#begun = bytes.slice(start);
    if (!this.#isGarbage || this.#begun.length === 0) return messages;
    messages.push(this.#begun);
    this.#begun = new Uint8Array(0);
    return messages;
  }
}
