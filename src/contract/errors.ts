import { show } from "./checks.ts";

/**
 * What a {@linkcode GrantError} is about. Codes are stable: a program may compare them.
 *
 * | code | what happened |
 * |---|---|
 * | `limit-reached` | the limit that this process has set on its device |
 * | `kernel-limit-reached` | the limit that all processes of the domain share |
 * | `table-full` | the domain's grant table has no free reference |
 * | `no-space` | the kernel refused for one of the last two, and does not say which |
 * | `no-memory` | memory for pages or for the books could not be had |
 * | `not-found` | the named pages are not pages of this allocator, or no longer |
 * | `closed` | the handle was closed, its domain destroyed, or its process killed |
 * | `busy` | a backend called back into the library in the middle of an operation |
 * | `map-refused` | Xen refused to map a grant: unknown, not for this domain, or not writable |
 * | `copy-refused` | the system refused a grant copy as a whole: what was copied until then is not known |
 * | `notify-refused` | the unmap notify names an event channel that is not bound, or a byte of a read-only mapping |
 * | `port-refused` | an event channel cannot be bound so: no such port, not for this domain, in use, none left; or its port is not bound |
 * | `events-lost` | the system had no room left for events, and dropped some |
 * | `permission` | the process may not use the device, or not FFI |
 * | `no-device` | this is no Xen domain, or the driver is not loaded |
 * | `unsupported` | this backend, or this platform, cannot do it |
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
  | "copy-refused"
  | "notify-refused"
  | "port-refused"
  | "events-lost"
  | "permission"
  | "no-device"
  | "unsupported"
  | "backend-failed";

/** What was under way when a {@linkcode GrantError} was thrown. */
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
  | "unbind"
  | "inspect"
  | "close";

/** What a {@linkcode GrantError} carries beside its message. */
export interface GrantErrorOptions extends ErrorOptions {
  /** What happened, for programs. */
  code: GrantErrorCode;
  /** What was under way. */
  operation: GrantOperation;
  /** The number of the system's error, where there was one: 28 is ENOSPC, for example. */
  errno?: number;
}

/**
 * A failure that a caller can do something about. Wrong arguments are a `TypeError` or a `RangeError` instead.
 *
 * @example Tell a full device from any other failure
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
  /** What was under way. */
  readonly operation: GrantOperation;
  /** The number of the system's error, where there was one: 28 is ENOSPC, for example. */
  readonly errno?: number;

  /**
   * Makes an error; backends do, applications catch them.
   *
   * @param message What happened, with the values and bounds, and the way out.
   * @param options The code, the operation, and where there is one the errno and the cause.
   */
  constructor(message: string, options: GrantErrorOptions) {
    super(message, options);
    this.name = "GrantError";
    this.code = options.code;
    this.operation = options.operation;
    if (options.errno !== undefined) this.errno = options.errno;
  }
}

/**
 * What a backend threw, as a {@linkcode GrantError}.
 *
 * @internal
 * @param backend How messages call the backend.
 */
export function asGrantError(error: unknown, operation: GrantOperation, backend: string): GrantError {
  if (error instanceof GrantError) return error;
  const reason = error instanceof Error ? error.message : show(error);
  return new GrantError(`Cannot ${operation} as the backend ${backend} failed: ${reason}`, {
    code: "backend-failed",
    operation,
    cause: error,
  });
}
