/**
 * What backends of XenStore check of their arguments.
 *
 * @module
 */

import { ArgumentRangeError } from "./argument_error.ts";
import { decodeHeader, HEADER_SIZE, type StoreHeader } from "./store_wire.ts";

/** Returns the header of a message. Throws unless that is one whole request, with at most `maxPayload` bytes of payload. */
export function checkSend(message: Uint8Array<ArrayBuffer>, maxPayload: number): StoreHeader {
  const most = HEADER_SIZE + maxPayload;
  if (message.length < HEADER_SIZE || message.length > most) {
    throw new ArgumentRangeError(
      `Cannot send a request as it must have from ${HEADER_SIZE} to ${most} bytes: current value is ${message.length}`,
    );
  }
  const header = decodeHeader(message);
  if (header.length !== message.length - HEADER_SIZE) {
    throw new ArgumentRangeError(
      "Cannot send a request as its header must give the length of its payload, " +
        `${message.length - HEADER_SIZE}: current value is ${header.length}`,
    );
  }
  return header;
}

/** Throws if there is no room for a byte: the kernel would wait for ever, or spin, in a read of XenStore's device. */
export function checkReceive(bytes: Uint8Array<ArrayBuffer>): void {
  if (bytes.length === 0) {
    throw new ArgumentRangeError("Cannot receive as `bytes` must have at least 1 byte: current value is 0");
  }
}
