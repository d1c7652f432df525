import { readErrorOptions } from "./error_options.ts";

/**
 * What a {@linkcode StoreError} is about. Codes are stable: a program may compare them.
 *
 * | code | what happened |
 * |---|---|
 * | `not-found` | there is no such node |
 * | `denied` | this domain may not do that to this node; below another domain, the node may not be there yet |
 * | `exists` | the node or the watch exists already |
 * | `conflict` | a transaction conflicted with other changes, as often as it was tried |
 * | `quota` | a quota of this domain is reached: nodes, bytes of a node, watches, or transactions |
 * | `invalid` | the daemon calls the request invalid |
 * | `malformed` | the value of the node is not the text or the number as which it was to be read |
 * | `unsupported` | this daemon or this transport cannot do it |
 * | `timed-out` | the daemon has not answered in time |
 * | `disconnected` | the connection is lost, or the daemon sent something other than a XenStore message |
 * | `closed` | the handle was closed, its domain destroyed, or its process killed |
 * | `permission` | the process may not use the device or the socket, or may not use FFI |
 * | `no-device` | this is not a Xen domain, or no daemon runs |
 * | `refused` | the daemon refused for a reason that has no code of its own: see `reason` |
 */
export type StoreErrorCode =
  | "not-found"
  | "denied"
  | "exists"
  | "conflict"
  | "quota"
  | "invalid"
  | "malformed"
  | "unsupported"
  | "timed-out"
  | "disconnected"
  | "closed"
  | "permission"
  | "no-device"
  | "refused";

/** The operation in which a {@linkcode StoreError} was thrown. */
export type StoreOperation =
  | "open"
  | "read"
  | "write"
  | "make"
  | "remove"
  | "list"
  | "get permissions"
  | "set permissions"
  | "watch"
  | "unwatch"
  | "wait"
  | "start a transaction"
  | "end a transaction"
  | "get a domain path"
  | "ask for a domain";

/** What a {@linkcode StoreError} carries besides its message. */
export interface StoreErrorOptions extends ErrorOptions {
  /** What happened, for programs. */
  code: StoreErrorCode;
  /** The operation that failed. */
  operation: StoreOperation;
  /** The path that the operation names, as the caller wrote it. */
  path?: string | undefined;
  /** The daemon's own name for the error, if the daemon refused: `"EACCES"`, for example. */
  reason?: string | undefined;
}

/**
 * A failure of XenStore that a caller can handle. Invalid arguments throw a `TypeError` or a `RangeError` instead,
 * which `isArgumentError()` knows.
 */
export class StoreError extends Error {
  /** What happened, for programs. */
  readonly code: StoreErrorCode;
  /** The operation that failed. */
  readonly operation: StoreOperation;
  /** The path that the operation names, as the caller wrote it. */
  declare readonly path?: string;
  /** The daemon's own name for the error, if the daemon refused: `"EACCES"`, for example. */
  declare readonly reason?: string;

  /**
   * Creates an error. The client and backends throw these; applications catch them.
   *
   * @param message What failed and why, with the values and bounds, and what to do about it.
   * @param options The code and the operation; also the path, the daemon's reason and the cause, if there are any.
   */
  constructor(message: string, options: StoreErrorOptions) {
    const { given, cause } = readErrorOptions("StoreError", options, "path", "reason");
    const { code, operation, path, reason } = given;
    super(message, cause);
    this.name = "StoreError";
    this.code = code;
    this.operation = operation;
    if (path !== undefined) this.path = path;
    if (reason !== undefined) this.reason = reason;
  }
}

/** Whether an error is a {@linkcode StoreError} with one of some codes. */
export function isStoreError(error: unknown, ...codes: StoreErrorCode[]): error is StoreError {
  return error instanceof StoreError && codes.includes(error.code);
}
