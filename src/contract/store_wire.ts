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
/** The most bytes of a payload on Linux's device: the kernel keeps a request, with its header, in 4096 bytes. */
export const MAX_DEVICE_PAYLOAD = 4096 - HEADER_SIZE;

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
  encodeHeader(message, type, request, transaction, payload.length);
  message.set(payload, HEADER_SIZE);
  return message;
}

/**
 * Writes a header to the start of a message. It does so without a `DataView`, for which engines would move the memory
 * of a small array.
 */
export function encodeHeader(
  message: Uint8Array,
  type: number,
  request: number,
  transaction: number,
  length: number,
): void {
  putUint32(message, 0, type);
  putUint32(message, 4, request);
  putUint32(message, 8, transaction);
  putUint32(message, 12, length);
}

/** Writes a number of 32 bits. */
export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Returns the reply that refuses a request. */
export function encodeRefusal(
  name: string,
  { request, transaction }: Pick<StoreHeader, "request" | "transaction">,
): Uint8Array<ArrayBuffer> {
  return encodeMessage(StoreMessage.ERROR, request, transaction, new TextEncoder().encode(`${name}\0`));
}

/** Reads the header that begins at `at`, of {@linkcode HEADER_SIZE} bytes. Like writing, without a `DataView`. */
export function decodeHeader(bytes: Uint8Array, at = 0): StoreHeader {
  return {
    type: getUint32(bytes, at),
    request: getUint32(bytes, at + 4),
    transaction: getUint32(bytes, at + 8),
    length: getUint32(bytes, at + 12),
  };
}

function getUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}
