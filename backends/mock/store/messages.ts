import { encodeHeader, HEADER_SIZE } from "../../../src/contract/store_wire.ts";
import type { Payload } from "./text.ts";

/** Makes a message. */
export function messageOf(
  type: number,
  request: number,
  transaction: number,
  payload: Payload,
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const message = new Uint8Array(HEADER_SIZE + length);
  encodeHeader(message, type, request, transaction, length);
  if (typeof payload !== "string") message.set(payload, HEADER_SIZE);
  else for (let index = 0; index < length; index++) message[HEADER_SIZE + index] = payload.charCodeAt(index);
  return message;
}
