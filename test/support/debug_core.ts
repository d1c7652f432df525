import { readFileSync } from "node:fs";

const bytes = readFileSync(new URL("../../wasm/core_debug.wasm", import.meta.url));

/** The core with its asserts, which checks all books before each operation. */
export const debugCore = new WebAssembly.Module(bytes);

/** The section of a module that says how large its memory is. */
const MEMORY_SECTION = 5;
/** The magic number and the version before the sections. */
const PREAMBLE = 8;

/** The core with its asserts, and with a memory of at most `pages` pages of 64 KiB, from 1 to 127. */
export function smallDebugCore(pages: number): WebAssembly.Module {
  for (let at = PREAMBLE; at < bytes.length;) {
    const [length, start] = number(at + 1);
    if (bytes[at] === MEMORY_SECTION) {
      // One memory, with a maximum, of at least one page.
      const section = [MEMORY_SECTION, 4, 1, 1, 1, pages];
      return new WebAssembly.Module(
        Uint8Array.of(...bytes.subarray(0, at), ...section, ...bytes.subarray(start + length)),
      );
    }
    at = start + length;
  }
  throw new Error("The core has no memory of its own");
}

/** Reads a LEB128 number. Returns it, and the offset after it. */
function number(at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0;; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}
