/**
 * What the models and the systems that they are compared with have in common.
 *
 * @module
 */

import { GrantError, type Mapping, type WritableMapping } from "../../mod.ts";

/** The answer to a step: a number, or a text such as the code of an error. */
export type Answer = string | number;

/** Returns what an action answers: what it returns, or the code of the `GrantError` that it throws. */
export function answerOf(action: () => Answer): Answer {
  try {
    return action();
  } catch (error) {
    if (error instanceof GrantError) return error.code;
    throw error;
  }
}

/** Writes a byte through a mapping, which may have several parts. */
export function writeByte(mapping: Mapping, byte: number, value: number): Answer {
  if (mapping.unmapped || !mapping.writable) return "dead";
  let offset = byte;
  for (const part of (mapping as unknown as WritableMapping).parts) {
    if (offset < part.length) part[offset] = value;
    offset -= part.length;
    if (offset < 0) break;
  }
  return 0;
}

/** Returns the index of the thing that a step names. Names count from the newest backwards, and wrap around. */
export function newest(name: number, { length }: readonly unknown[]): number | undefined {
  return length === 0 ? undefined : length - 1 - name % length;
}

/** Throws unless two values have the same JSON. */
export function assertSame(what: string, actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: got ${found}, expected ${wanted}`);
}
