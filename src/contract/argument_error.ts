/**
 * The errors of arguments that the library refuses. Programs tell them from the errors of the engine by their `code`:
 * classes would differ between two bundles of the library.
 *
 * @module
 */

const CODE = "invalid-argument";

/** Refuses an argument of a wrong type. */
export class ArgumentTypeError extends TypeError {
  /** What happened, for programs. */
  readonly code = CODE;
}

/** Refuses an argument with a wrong value. */
export class ArgumentRangeError extends RangeError {
  /** What happened, for programs. */
  readonly code = CODE;
}

/**
 * Whether the library threw an error because it refused an argument. Such an error is a `TypeError` or a `RangeError`,
 * and its `code` is `"invalid-argument"`. A copy by `structuredClone()` or `postMessage()` has lost its code.
 *
 * @param error What was caught.
 *
 * @example Tell wrong input from a fault of the program
 * ```ts
 * import { GrantDevice, isArgumentError } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const allocator = new GrantDevice(new MockXen().domain(1)).open();
 * try {
 *   allocator.allocate(0, { pages: Number("a few") });
 *   assert.fail("that is no number of pages");
 * } catch (error) {
 *   if (!isArgumentError(error)) throw error;
 *   assert.match(error.message, /`pages` must be a whole number/);
 * }
 * ```
 */
export function isArgumentError(error: unknown): error is TypeError | RangeError {
  if (typeof error !== "object" || error === null) return false;
  // By the name, as the class of another realm is another one.
  const { name, code } = error as { name?: unknown; code?: unknown };
  return (name === "TypeError" || name === "RangeError") && code === CODE;
}
