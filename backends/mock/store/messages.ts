/**
 * Messages without a `DataView` for each, which costs as much as the rest of a small request.
 *
 * @module
 */
import { HEADER_SIZE, type StoreHeader } from "../../../src/contract/store_wire.ts";
import type { Payload } from "./text.ts";

/** Reads the header at the beginning of a message. */
export function headerOf(message: Uint8Array): StoreHeader {
  return {
    type: wordAt(message, 0),
    request: wordAt(message, 4),
    transaction: wordAt(message, 8),
    length: wordAt(message, 12),
  };
}

/** Makes a message. */
export function messageOf(
  type: number,
  request: number,
  transaction: number,
  payload: Payload,
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const message = new Uint8Array(HEADER_SIZE + length);
  putWord(message, 0, type);
  putWord(message, 4, request);
  putWord(message, 8, transaction);
  putWord(message, 12, length);
  if (typeof payload !== "string") message.set(payload, HEADER_SIZE);
  else for (let index = 0; index < length; index++) message[HEADER_SIZE + index] = payload.charCodeAt(index);
  return message;
}

function wordAt(message: Uint8Array, offset: number): number {
  return (message[offset]! | message[offset + 1]! << 8 | message[offset + 2]! << 16 | message[offset + 3]! << 24) >>> 0;
}

function putWord(message: Uint8Array, offset: number, word: number): void {
  message[offset] = word;
  message[offset + 1] = word >>> 8;
  message[offset + 2] = word >>> 16;
  message[offset + 3] = word >>> 24;
}
