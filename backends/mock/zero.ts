/**
 * Zeroes bytes of a `WebAssembly.Memory` with WebAssembly's own instruction for it, which is faster than `fill`.
 *
 * @module
 */

/** `(import "e" "m" (memory 0)) (func (export "f") (param i32 i32) local.get 0 i32.const 0 local.get 1 memory.fill)` */
// deno-fmt-ignore
const MODULE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // "\0asm", version 1
  1, 6, 1, 0x60, 2, 0x7f, 0x7f, 0, // types: (i32, i32) to nothing
  2, 8, 1, 1, 0x65, 1, 0x6d, 2, 0, 0, // imports: e.m, a memory of any size
  3, 2, 1, 0, // functions: one, of type 0
  7, 5, 1, 1, 0x66, 0, 0, // exports: f, function 0
  10, 13, 1, 11, 0, // code: one body, no locals
  0x20, 0, 0x41, 0, 0x20, 1, 0xfc, 11, 0, // local.get 0, i32.const 0, local.get 1, memory.fill
  0x0b,
]);

/** Zeroes `length` bytes from `offset` on. */
export type Zero = (offset: number, length: number) => void;

let compiled: WebAssembly.Module | undefined;
try {
  compiled = new WebAssembly.Module(MODULE);
} catch {
  // A policy forbids compiling, so `fill` is used.
}

/** The fastest way to zero bytes of a memory on this platform. */
export function zeroing(memory: WebAssembly.Memory): Zero {
  if (!compiled) return filling(memory);
  return new WebAssembly.Instance(compiled, { e: { m: memory } }).exports.f as Zero;
}

/** A somewhat slower way, which compiles nothing. */
export function filling(memory: WebAssembly.Memory): Zero {
  const bytes = new Uint8Array(memory.buffer);
  return (offset, length) => void bytes.fill(0, offset, offset + length);
}
