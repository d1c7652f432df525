/**
 * What the requests of all devices have in common: request numbers, and fields that hold a JavaScript number.
 *
 * @module
 */
import { ArgumentRangeError } from "../../../src/contract/argument_error.ts";

/** The largest value of a 16-bit field. */
export const MAX_UINT16 = 0xffff;

/**
 * Returns an ioctl number without direction, as `_IOC(_IOC_NONE, type, nr, size)` makes it: size << 16 | type << 8 |
 * nr.
 */
export function ioc(type: string, nr: number, size: number): number {
  return (size << 16) | (type.charCodeAt(0) << 8) | nr;
}

/**
 * Returns `value` if it fits its field.
 *
 * @throws {RangeError} if it is not a whole number from 0 to `maximum`.
 */
export function fitting(name: string, value: number, maximum: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return value;
  throw new ArgumentRangeError(
    `Cannot encode the ${name} as it must be a whole number from 0 to ${maximum}: current value is ${value}`,
  );
}

/**
 * Writes an index of 64 bits.
 *
 * @throws {RangeError} if it is not a whole number from 0 to 2⁵³ - 1.
 */
export function putIndex(view: DataView, offset: number, index: number): void {
  fitting("index", index, Number.MAX_SAFE_INTEGER);
  view.setUint32(offset, index >>> 0, true);
  view.setUint32(offset + 4, Math.floor(index / 2 ** 32), true);
}

/**
 * Reads an index of 64 bits.
 *
 * @throws {RangeError} if a JavaScript number cannot hold it exactly.
 */
export function getIndex(view: DataView, offset: number): number {
  const high = view.getUint32(offset + 4, true);
  const index = high * 2 ** 32 + view.getUint32(offset, true);
  if (high < 2 ** 21) return index;
  throw new RangeError(
    `The system answered an index that is too large: it must be from 0 to ${Number.MAX_SAFE_INTEGER}: current value is ${
      view.getBigUint64(offset, true)
    }`,
  );
}
