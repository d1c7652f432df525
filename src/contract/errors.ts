import { readErrorOptions } from "./error_options.ts";
import { isError, show } from "./checks.ts";
import { sentence } from "./messages.ts";

/**
 * What a {@linkcode GrantError} is about. Codes are stable: a program may compare them.
 *
 * | code | what happened |
 * |---|---|
 * | `limit-reached` | the limit that this process has set on its device is reached |
 * | `kernel-limit-reached` | the limit that all processes of the domain share is reached |
 * | `table-full` | the domain's grant table has no free reference |
 * | `no-space` | the kernel refused for one of the last two reasons, and does not say which |
 * | `no-memory` | there is no memory for the pages or for the books |
 * | `not-found` | the pages were never allocated by this allocator, or were freed |
 * | `closed` | the handle was closed, its domain destroyed, or its process killed |
 * | `busy` | a backend called back into the library in the middle of an operation |
 * | `map-refused` | Xen refused to map a grant: unknown, not for this domain, or not writable |
 * | `own-grant` | the domain granted the page itself, and mapping it as a peer would end the domain's kernel |
 * | `copy-refused` | the system refused a whole copy request: how much was copied is unknown |
 * | `notify-refused` | the unmap notify names a port that is not bound, or a byte of a read-only mapping |
 * | `port-refused` | the port is unknown, not for this domain, already bound or not bound; or no port is left |
 * | `events-lost` | the system ran out of room for events and dropped some: call `reset()` of the `EventChannels` |
 * | `permission` | the process may not use the device, or may not use FFI |
 * | `no-device` | this is not a Xen domain, or the driver is not loaded |
 * | `unsupported` | this backend or platform cannot do it |
 * | `backend-failed` | the backend failed in a way that has no code of its own: see `errno` and `cause` |
 */
export type GrantErrorCode =
  | "limit-reached"
  | "kernel-limit-reached"
  | "table-full"
  | "no-space"
  | "no-memory"
  | "not-found"
  | "closed"
  | "busy"
  | "map-refused"
  | "own-grant"
  | "copy-refused"
  | "notify-refused"
  | "port-refused"
  | "events-lost"
  | "permission"
  | "no-device"
  | "unsupported"
  | "backend-failed";

/** The operation in which a {@linkcode GrantError} was thrown. */
export type GrantOperation =
  | "open"
  | "allocate"
  | "free"
  | "map"
  | "unmap"
  | "copy"
  | "bind"
  | "notify"
  | "wait"
  | "reset"
  | "unbind"
  | "inspect"
  | "close";

/** What a {@linkcode GrantError} carries besides its message. */
export interface GrantErrorOptions extends ErrorOptions {
  /** What happened, for programs. */
  code: GrantErrorCode;
  /** The operation that failed. */
  operation: GrantOperation;
  /** The system's error number, if there was one: 28 is ENOSPC, for example. */
  errno?: number | undefined;
}

/**
 * A failure that a caller can handle. Invalid arguments throw a `TypeError` or a `RangeError` instead, which
 * `isArgumentError()` knows.
 *
 * @example Tell a reached limit from other failures
 * ```ts
 * import { GrantDevice, GrantError } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const device = new GrantDevice(new MockXen().domain(1), { limit: 2 });
 * const allocator = device.open();
 * try {
 *   allocator.allocate(0, { pages: 3 });
 *   assert.fail("three pages do not fit");
 * } catch (error) {
 *   assert(error instanceof GrantError);
 *   assert.equal(error.code, "limit-reached");
 * }
 * ```
 */
export class GrantError extends Error {
  /** What happened, for programs. */
  readonly code: GrantErrorCode;
  /** The operation that failed. */
  readonly operation: GrantOperation;
  /** The system's error number, if there was one: 28 is ENOSPC, for example. */
  declare readonly errno?: number;

  /**
   * Creates an error. Backends throw these; applications catch them.
   *
   * @param message What failed and why, with the values and bounds, and what to do about it.
   * @param options The code and the operation; also the error number and the cause, if there are any.
   */
  constructor(message: string, options: GrantErrorOptions) {
    const { given, cause } = readErrorOptions("GrantError", options, "errno");
    const { code, operation, errno } = given;
    super(message, cause);
    this.name = "GrantError";
    this.code = code;
    this.operation = operation;
    if (errno !== undefined) this.errno = errno;
  }
}

/**
 * What a backend threw, as a {@linkcode GrantError}.
 *
 * @param backend The backend's name, for the message.
 */
export function asGrantError(error: unknown, operation: GrantOperation, backend: string): GrantError {
  if (error instanceof GrantError) return error;
  const reason = isError(error) ? error.message : show(error);
  return new GrantError(sentence(`Cannot ${operation}: the backend ${backend} failed: ${reason}`), {
    code: "backend-failed",
    operation,
    cause: error,
  });
}
