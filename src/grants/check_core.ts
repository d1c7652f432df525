import { show } from "../contract/checks.ts";

/** Throws unless a value is a compiled core, in any realm. */
export function checkCore(value: unknown): asserts value is WebAssembly.Module {
  const names = exportsOf(value);
  if (names === undefined) refuse(show(value));
  if (!names.includes("staging")) refuse("another module. Pass `core.wasm` of this package");
}

/** The names that a module exports; `undefined` if the value is not a module. */
function exportsOf(value: unknown): string[] | undefined {
  try {
    // This reads an internal slot, so a module of another realm has exports too.
    return WebAssembly.Module.exports(value as WebAssembly.Module).map(({ name }) => name);
  } catch {
    return undefined;
  }
}

function refuse(current: string): never {
  throw new TypeError(
    `Cannot create a device as \`core\` must be a WebAssembly.Module of the core: current value is ${current}`,
  );
}
