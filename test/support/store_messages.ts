/**
 * Messages of XenStore, for tests at the level of the wire.
 *
 * @module
 */

import type { StoreConnection } from "../../src/contract/store_backend.ts";
import { decodeHeader, encodeMessage, HEADER_SIZE } from "../../src/contract/store_wire.ts";

/** A message, with its payload as text: each byte is the character of that number. */
export interface TextMessage {
  readonly type: number;
  readonly request: number;
  readonly transaction: number;
  readonly text: string;
}

/** Returns the bytes of a text of characters from 0 to 255. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Returns a message whose payload is such a text. */
export function message(type: number, text: string, request = 1, transaction = 0): Uint8Array<ArrayBuffer> {
  return encodeMessage(type, request, transaction, latin1(text));
}

/** Puts the pieces of a stream together, and returns the messages that are complete. */
export class Joiner {
  #bytes = new Uint8Array(0);

  /** Adds a piece. */
  add(piece: Uint8Array): TextMessage[] {
    const bytes = new Uint8Array(this.#bytes.length + piece.length);
    bytes.set(this.#bytes);
    bytes.set(piece, this.#bytes.length);
    const messages: TextMessage[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_SIZE) {
      const { length, ...header } = decodeHeader(bytes, at);
      const end = at + HEADER_SIZE + length;
      if (end > bytes.length) break;
      messages.push({ ...header, text: String.fromCharCode(...bytes.subarray(at + HEADER_SIZE, end)) });
      at = end;
    }
    this.#bytes = bytes.slice(at);
    return messages;
  }

  /** Whether the stream is between two messages. */
  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }
}

/** Takes all that has arrived, in pieces of `size` bytes. */
export function takeAll(connection: StoreConnection, size = 4096): TextMessage[] {
  const joiner = new Joiner();
  const piece = new Uint8Array(size);
  const messages: TextMessage[] = [];
  for (let got; (got = connection.receive(piece)) > 0;) messages.push(...joiner.add(piece.subarray(0, got)));
  if (!joiner.isEmpty) throw new Error("a part of a message is left");
  return messages;
}

/** Waits until something has arrived. */
export function readable(connection: StoreConnection): Promise<void> {
  return new Promise((resolve) => void connection.whenReadable(resolve));
}
