import { ArgumentTypeError } from "../../src/contract/argument_error.ts";

/** Whether awaiting a value would wait: whether it is a promise, or an object that acts as one. */
function isPromise(value: unknown): value is PromiseLike<unknown> {
  return Object(value) === value && typeof (value as { then?: unknown }).then === "function";
}

/**
 * Passes on why a promise is rejected, so that the runtime does not report it as unhandled. Does nothing with a value
 * that is no promise.
 */
export function onRejection(value: unknown, tell: (reason: unknown) => void): void {
  if (isPromise(value)) Promise.resolve(value).then(undefined, tell);
}

/**
 * Throws if a callback returned a promise, although the caller needs its effect at once.
 *
 * @param what The operation, for the message: "replay".
 * @param name The callback's name: "`send`".
 */
export function checkSynchronous(what: string, name: string, answer: unknown): void {
  if (!isPromise(answer)) return;
  onRejection(answer, () => {});
  throw new ArgumentTypeError(`Cannot ${what} as ${name} must be done when it returns: it returned a promise`);
}
