import { show } from "./checks.ts";

// A caller's array may override methods and properties: these are the built-in ones.
const { set } = Uint8Array.prototype;
const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const getter = (name: string) => Object.getOwnPropertyDescriptor(typedArray, name)!.get!;

/** The buffer of an array. */
const bufferOf: (this: Uint8Array) => ArrayBuffer = getter("buffer");

/** The offset of an array in its buffer. */
const byteOffsetOf: (this: Uint8Array) => number = getter("byteOffset");

/** The number of bytes of an array; 0 if its buffer is detached. */
export const lengthOf: (this: Uint8Array) => number = getter("length");

/** Throws unless a value is a `Uint8Array`. */
export function checkBytes(what: string, name: string, value: unknown): asserts value is Uint8Array {
  if (ArrayBuffer.isView(value) && value instanceof Uint8Array) return;
  throw new TypeError(`Cannot ${what} as ${name} must be a Uint8Array: current value is ${show(value)}`);
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
