/**
 * The layout of XenStore's messages, from `io/xs_wire.h` of Xen's public headers. Client and simulated daemon share it.
 *
 * ```text
 * byte 0     4         8             12        16
 *      type  request   transaction   length    payload: `length` bytes
 * ```
 *
 * The numbers are 32 bits wide, in the byte order of the machine: little-endian on x86-64 and aarch64.
 *
 * @module
 */

/** Bytes of a header. */
export const HEADER_SIZE = 16;
/** The most bytes of a payload. */
export const MAX_PAYLOAD = 4096;

/** The types of messages: `XS_…` of the header. */
export const StoreMessage = {
  DIRECTORY: 1,
  READ: 2,
  GET_PERMS: 3,
  WATCH: 4,
  UNWATCH: 5,
  TRANSACTION_START: 6,
  TRANSACTION_END: 7,
  INTRODUCE: 8,
  RELEASE: 9,
  GET_DOMAIN_PATH: 10,
  WRITE: 11,
  MKDIR: 12,
  RM: 13,
  SET_PERMS: 14,
  WATCH_EVENT: 15,
  ERROR: 16,
  IS_DOMAIN_INTRODUCED: 17,
  RESUME: 18,
  SET_TARGET: 19,
  RESET_WATCHES: 21,
  DIRECTORY_PART: 22,
} as const;

/** The header of a message. */
export interface StoreHeader {
  type: number;
  request: number;
  transaction: number;
  /** Bytes of the payload. */
  length: number;
}

/** Returns a message: a header and its payload. */
export function encodeMessage(
  type: number,
  request: number,
  transaction: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(HEADER_SIZE + payload.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, request, true);
  view.setUint32(8, transaction, true);
  view.setUint32(12, payload.length, true);
  message.set(payload, HEADER_SIZE);
  return message;
}

/** Reads the header at the beginning of a view, which has at least {@linkcode HEADER_SIZE} bytes. */
export function decodeHeader(view: DataView): StoreHeader {
  return {
    type: view.getUint32(0, true),
    request: view.getUint32(4, true),
    transaction: view.getUint32(8, true),
    length: view.getUint32(12, true),
  };
}
