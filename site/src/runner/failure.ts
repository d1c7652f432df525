import type { Failure } from "../protocol.ts";
import { shown } from "./printing.ts";

/** The kinds of the library's errors, by which the docs name their codes. */
const KINDS: ReadonlyMap<unknown, string> = new Map([
  ["GrantError", "grant"],
  ["PvError", "pv"],
  ["StoreError", "store"],
  ["VchanError", "vchan"],
]);

/**
 * Describes why a program ended.
 *
 * @param error What was thrown: anything, also what throws when it is looked at.
 * @param address The address of the program's module, by which stacks name it.
 */
export function failureOf(error: unknown, address: string): Failure {
  const { code, name, stack } = partsOf(error);
  const kind = KINDS.get(name);
  const place = typeof stack === "string" ? stack.slice(stack.indexOf(address)) : "";
  const line = place.startsWith(address) ? /^:(\d+)/.exec(place.slice(address.length))?.[1] : undefined;
  return {
    text: `${line === undefined ? "" : `Line ${line}: `}${shown(error)}`,
    code: kind !== undefined && typeof code === "string" ? `${kind}:${code}` : undefined,
    line: line === undefined ? undefined : Number(line),
  };
}

function partsOf(error: unknown): { readonly code?: unknown; readonly name?: unknown; readonly stack?: unknown } {
  try {
    const { code, name, stack } = Object(error);
    return { code, name, stack };
  } catch {
    return {};
  }
}
