/**
 * What the requests of all devices have in common: how their numbers are made, and fields that a JavaScript number fits.
 *
 * @module
 */

/** An ioctl number without direction, as `_IOC(_IOC_NONE, type, nr, size)` makes it: size << 16 | type << 8 | nr. */
export function ioc(type: string, nr: number, size: number): number {
  return (size << 16) | (type.charCodeAt(0) << 8) | nr;
}

/**
 * The value, if it fits its field.
 *
 * @throws {RangeError} if it is not a whole number from 0 to `maximum`.
 */
export function fitting(name: string, value: number, maximum: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return value;
  throw new RangeError(
    `Cannot encode the ${name} as it must be a whole number from 0 to ${maximum}: current value is ${value}`,
  );
}

/** Writes an index, 64 bits. */
export function putIndex(view: DataView, offset: number, index: number): void {
  fitting("index", index, Number.MAX_SAFE_INTEGER);
  view.setUint32(offset, index >>> 0, true);
  view.setUint32(offset + 4, Math.floor(index / 2 ** 32), true);
}

/**
 * Reads an index, 64 bits.
 *
 * @throws {RangeError} if it cannot be kept exactly.
 */
export function getIndex(view: DataView, offset: number): number {
  const high = view.getUint32(offset + 4, true);
  const index = high * 2 ** 32 + view.getUint32(offset, true);
  if (high < 2 ** 21) return index;
  throw new RangeError(
    `Cannot decode the index as it must be from 0 to ${Number.MAX_SAFE_INTEGER}: current value is ${
      view.getBigUint64(offset, true)
    }`,
  );
}
