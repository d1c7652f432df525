/**
 * What both transports of XenStore check before they call the kernel.
 *
 * @module
 */

import { decodeHeader, HEADER_SIZE } from "../../src/contract/store_wire.ts";

/** Throws unless a message is one whole request with a payload of at most `maxPayload` bytes. */
export function checkSend(message: Uint8Array<ArrayBuffer>, maxPayload: number): void {
  const most = HEADER_SIZE + maxPayload;
  if (message.length < HEADER_SIZE || message.length > most) {
    throw new RangeError(
      `Cannot send a request as it must have from ${HEADER_SIZE} to ${most} bytes: current value is ${message.length}`,
    );
  }
  const { length } = decodeHeader(new DataView(message.buffer, message.byteOffset, HEADER_SIZE));
  if (length !== message.length - HEADER_SIZE) {
    throw new RangeError(
      "Cannot send a request as its header must give the length of its payload, " +
        `${message.length - HEADER_SIZE}: current value is ${length}`,
    );
  }
}

/** Throws if there is no room for a byte: the kernel would wait for ever, or spin, in a read of XenStore's device. */
export function checkReceive(bytes: Uint8Array<ArrayBuffer>): void {
  if (bytes.length === 0) {
    throw new RangeError("Cannot receive as `bytes` must have at least 1 byte: current value is 0");
  }
}
