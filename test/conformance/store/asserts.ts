import { StoreError, type StoreErrorCode, type StoreWatch } from "../../../src/xenstore/mod.ts";
import { assert, assertEquals } from "../asserts.ts";
import { deadline } from "../timing.ts";

/** Throws unless a promise is rejected; returns its reason. */
export async function rejected(promise: Promise<unknown>, expected: string): Promise<unknown> {
  let result: unknown;
  try {
    result = await deadline(promise, expected);
  } catch (error) {
    return error;
  }
  throw new Error(`expected ${expected}, but nothing was thrown: got ${result}`);
}

/** Throws unless a promise is rejected with a `StoreError` that has one of some codes; returns the error. */
export async function assertRefused(promise: Promise<unknown>, ...codes: StoreErrorCode[]): Promise<StoreError> {
  const error = await rejected(promise, `a StoreError ${codes.join(" or ")}`);
  if (error instanceof StoreError && codes.includes(error.code)) return error;
  throw new Error(`expected a StoreError ${codes.join(" or ")}, got ${error}`, { cause: error });
}

/** Throws unless a promise is rejected with an error of a class. */
export async function assertRejects(
  promise: Promise<unknown>,
  kind: typeof TypeError | typeof RangeError,
): Promise<void> {
  const error = await rejected(promise, kind.name);
  assert(error instanceof kind, `expected a ${kind.name}, got ${error}`);
}

/**
 * Tries something again while it fails: the daemon may learn a little later that a connection was closed, and until then
 * its watches and transactions count.
 */
export async function eventually(action: () => Promise<unknown>): Promise<void> {
  for (let left = 100;; left--) {
    try {
      await action();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Throws unless the next event of a watch comes, and has a path. */
export async function assertNext(watch: StoreWatch, path: string): Promise<void> {
  const { value } = await deadline(watch.next(), `an event of ${watch.path}`);
  assertEquals(value, path, `the event of the watch on ${watch.path}`);
}

/** Throws unless the next events of a watch have these paths, in any order. The same one may come again. */
export async function assertEvents(watch: StoreWatch, paths: readonly string[]): Promise<void> {
  const missing = new Set(paths);
  while (missing.size > 0) {
    const { value } = await deadline(watch.next(), `events of ${watch.path}: ${[...missing]} are missing`);
    assert(value !== undefined && paths.includes(value), `an event of ${value} came to the watch on ${watch.path}`);
    missing.delete(value);
  }
}

/** Throws unless a watch has ended. */
export async function assertDone(watch: StoreWatch): Promise<void> {
  assertEquals((await deadline(watch.next(), `the end of the watch on ${watch.path}`)).done, true);
  assertEquals(watch.closed, true);
}
