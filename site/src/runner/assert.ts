import { shown } from "./printing.ts";

/** What an error must have, as in Node's `assert.throws()`. */
type Expected = RegExp | Readonly<Record<string, unknown>> | undefined;

/** The part of Node's `assert` that the examples in the docs use, so that they run here as they are. */
function assert(value: unknown, message = `${shown(value)} is not true`): void {
  if (!value) throw new AssertionError(message);
}

class AssertionError extends Error {
  override readonly name = "AssertionError";
}

function equals(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  const keys = Object.keys(one);
  return Object.getPrototypeOf(one) === Object.getPrototypeOf(other) && keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && equals(one[key as never], other[key as never]));
}

function checkError(error: unknown, expected: Expected): void {
  if (expected === undefined) return;
  if (expected instanceof RegExp) {
    return assert(expected.test(String(error)), `${shown(error)} does not match ${expected}`);
  }
  for (const [key, value] of Object.entries(expected)) {
    const actual = Object(error)[key];
    assert(value instanceof RegExp ? value.test(actual) : equals(actual, value), `${key} is ${shown(actual)}`);
  }
}

export default Object.assign(assert, {
  equal: (actual: unknown, expected: unknown) =>
    assert(Object.is(actual, expected), `${shown(actual)} is not ${shown(expected)}`),
  notEqual: (actual: unknown, expected: unknown) => assert(!Object.is(actual, expected), `both are ${shown(actual)}`),
  deepEqual: (actual: unknown, expected: unknown) =>
    assert(equals(actual, expected), `${shown(actual)} is not ${shown(expected)}`),
  match: (text: string, pattern: RegExp) => assert(pattern.test(text), `${text} does not match ${pattern}`),
  throws(run: () => unknown, expected?: Expected): void {
    try {
      run();
    } catch (error) {
      return checkError(error, expected);
    }
    assert(false, "nothing was thrown");
  },
  async rejects(run: Promise<unknown> | (() => Promise<unknown>), expected?: Expected): Promise<void> {
    try {
      await (typeof run === "function" ? run() : run);
    } catch (error) {
      return checkError(error, expected);
    }
    assert(false, "nothing was rejected");
  },
});
