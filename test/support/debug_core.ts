import { readFileSync } from "node:fs";

/** The core with its asserts, which checks all books before each operation. */
export const debugCore = new WebAssembly.Module(readFileSync(new URL("../../wasm/core_debug.wasm", import.meta.url)));
