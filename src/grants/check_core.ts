import { ArgumentTypeError } from "../contract/argument_error.ts";
import { show } from "../contract/checks.ts";

/**
 * Throws unless a value is a compiled core, in any realm.
 *
 * @param what The operation, for messages: "create a device".
 */
export function checkCore(what: string, value: unknown): asserts value is WebAssembly.Module {
  const names = exportsOf(value);
  if (names === undefined) refuse(what, show(value));
  if (!names.includes("staging")) refuse(what, "another module. Pass `core.wasm` of this package");
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

function refuse(what: string, current: string): never {
  throw new ArgumentTypeError(
    `Cannot ${what} as \`core\` must be a WebAssembly.Module of the core: current value is ${current}`,
  );
}
