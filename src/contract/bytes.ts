import { ArgumentRangeError, ArgumentTypeError } from "./argument_error.ts";
import { show } from "./checks.ts";

// A caller's array may override methods and properties: these are the built-in ones.
const { at, set } = Uint8Array.prototype;
const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const getter = (name: string) => Object.getOwnPropertyDescriptor(typedArray, name)!.get!;

/** The buffer of an array. */
export const bufferOf: (this: Uint8Array) => ArrayBuffer = getter("buffer");

/** The offset of an array in its buffer. */
export const byteOffsetOf: (this: Uint8Array) => number = getter("byteOffset");

/** The number of bytes of an array; 0 if its buffer is detached. */
export const lengthOf: (this: Uint8Array) => number = getter("length");

/** The name of an array's type, and `undefined` for anything else. It reads an internal slot, so realms do not matter. */
const typeOf: (this: unknown) => string | undefined = Object.getOwnPropertyDescriptor(
  typedArray,
  Symbol.toStringTag,
)!.get!;

/** Whether a value is a `Uint8Array`, or of a class derived from it, in any realm. */
export function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> {
  return typeOf.call(value) === "Uint8Array";
}

/** Throws unless a value is a `Uint8Array` that has its memory. */
export function checkBytes(what: string, name: string, value: unknown): asserts value is Uint8Array {
  if (!isBytes(value)) {
    throw new ArgumentTypeError(`Cannot ${what} as ${name} must be a Uint8Array: current value is ${show(value)}`);
  }
  if (lengthOf.call(value) === 0) checkAttached(what, name, value);
}

/** An array also has length 0 if its buffer was transferred, or has become too small for it. */
function checkAttached(what: string, name: string, array: Uint8Array): void {
  try {
    at.call(array, 0);
  } catch {
    throw new ArgumentRangeError(
      `Cannot ${what} as ${name} has no memory: its buffer was transferred or resized. Create another array`,
    );
  }
}

/** Copies the first `length` bytes of a caller's array, which must have that many. */
export function copyOut(array: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  set.call(copy, new Uint8Array(bufferOf.call(array), byteOffsetOf.call(array), length));
  return copy;
}

/** Copies bytes to the start of a caller's array, which must have room for them. */
export function copyInto(array: Uint8Array, bytes: Uint8Array<ArrayBuffer>): void {
  set.call(array, bytes);
}
