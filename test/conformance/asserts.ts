/**
 * The few assertions of the conformance suite, which runs under any test runner and on any runtime.
 *
 * @module
 */
import { GrantError, type GrantErrorCode } from "../../mod.ts";

function show(value: unknown): string {
  return Array.isArray(value)
    ? `[${value.map(show).join(", ")}]`
    : typeof value === "string"
    ? `"${value}"`
    : String(value);
}

/** Throws unless a condition holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless two values are the same, or two lists have the same values. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  if (equal(actual, expected)) return;
  throw new Error(`${message ?? "the values differ"}: got ${show(actual)}, expected ${show(expected)}`);
}

function equal(actual: unknown, expected: unknown): boolean {
  if (!Array.isArray(actual) || !Array.isArray(expected)) return Object.is(actual, expected);
  return actual.length === expected.length && actual.every((value, index) => equal(value, expected[index]));
}

/** Throws unless a function throws; gives what it threw. */
function thrown(action: () => unknown, expected: string): unknown {
  let result: unknown;
  try {
    result = action();
  } catch (error) {
    return error;
  }
  throw new Error(`expected ${expected}, but nothing was thrown: got ${show(result)}`);
}

/** Throws unless a function throws a `GrantError` with one of some codes; gives it. */
export function assertRefused(action: () => unknown, ...codes: GrantErrorCode[]): GrantError {
  const error = thrown(action, `a GrantError ${codes.join(" or ")}`);
  if (error instanceof GrantError && codes.includes(error.code)) return error;
  throw new Error(`expected a GrantError ${codes.join(" or ")}, got ${error}`, { cause: error });
}

/** Throws unless a function throws an error of a class, with a message that has all the given parts. */
export function assertThrows(
  action: () => unknown,
  kind: typeof TypeError | typeof RangeError,
  ...parts: string[]
): void {
  const error = thrown(action, kind.name);
  if (!(error instanceof kind)) throw new Error(`expected a ${kind.name}, got ${error}`, { cause: error });
  for (const part of parts) {
    assert(error.message.includes(part), `the message should say ${part}: ${error.message}`);
  }
}
