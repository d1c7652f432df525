/** How pages in slabs are zeroed. */
import { expect, test } from "vitest";
import { filling, zeroing } from "../../backends/mock/zero.ts";

test("where compiling is allowed, WebAssembly zeroes pages", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  // A table takes nothing but functions of WebAssembly.
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
  expect(() => table.set(0, filling(memory))).toThrow(TypeError);
  table.set(0, zeroing(memory));
});
