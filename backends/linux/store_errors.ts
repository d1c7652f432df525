/**
 * Turns the error numbers of XenStore's device and socket into errors that say what to do.
 *
 * @module
 */

import { Errno, errnoName } from "../../src/contract/errno.ts";
import { GrantError } from "../../src/contract/errors.ts";
import { StoreError, type StoreErrorCode, type StoreOperation } from "../../src/contract/store_errors.ts";
import { storeRequestOf } from "../../src/contract/store_operations.ts";
import { isXenDomain, NO_XEN, noAccess, TOO_MANY_FILES } from "./errors.ts";
import type { Libc } from "./libc.ts";

/** Returns the operation of a request. */
export function operationOf(type: number): StoreOperation {
  return storeRequestOf(type) ?? "write";
}

/** Makes the error of a device that could not be opened. */
export function deviceError(libc: Libc, path: string, errno: number): StoreError {
  switch (errno) {
    case Errno.ENOENT:
    case Errno.ENXIO:
    case Errno.ENODEV:
      return isXenDomain(libc)
        ? openError(
          path,
          errno,
          "no-device",
          "this domain has no connection to XenStore yet",
          "In domain 0, start xenstored. In a container, pass the device in.",
        )
        : openError(path, errno, "no-device", ...NO_XEN);
    default:
      return commonOpenError(path, errno, "device");
  }
}

/** Makes the error of a socket that could not be connected to. */
export function socketError(path: string, errno: number): StoreError {
  switch (errno) {
    case Errno.ENOENT:
      return openError(
        path,
        errno,
        "no-device",
        "there is no such socket",
        "Start xenstored in this domain, or name its socket with the option `xenstored`, XENSTORED_PATH or " +
          "XENSTORED_RUNDIR. In a domU, use the device.",
      );
    case Errno.ECONNREFUSED:
      return openError(
        path,
        errno,
        "no-device",
        "no daemon listens there",
        "Start xenstored, or name the socket that it listens on.",
      );
    case Errno.EAGAIN:
      return openError(path, errno, "timed-out", "the daemon accepts no connections", "Try again later.");
    default:
      return commonOpenError(path, errno, "socket");
  }
}

function commonOpenError(path: string, errno: number, what: "device" | "socket"): StoreError {
  switch (errno) {
    case Errno.EACCES:
    case Errno.EPERM:
      return openError(
        path,
        errno,
        "permission",
        ...noAccess(what === "socket" ? undefined : path),
      );
    case Errno.EMFILE:
      return openError(path, errno, "refused", ...TOO_MANY_FILES.process);
    case Errno.ENFILE:
      return openError(path, errno, "refused", ...TOO_MANY_FILES.system);
    default:
      return openError(path, errno, "refused", `the ${what} answered with an error`);
  }
}

function openError(path: string, errno: number, code: StoreErrorCode, reason: string, wayOut?: string): StoreError {
  const message = `Cannot open ${path}: ${reason} (${errnoName(errno)}).${wayOut === undefined ? "" : ` ${wayOut}`}`;
  return new StoreError(message, { code, operation: "open" });
}

/** Makes the error of a connection that cannot be used any longer. */
export function lostError(path: string, operation: StoreOperation, errno?: number): StoreError {
  const reason = errno === undefined
    ? `the other side closed ${path}`
    : `${path} answered with an error (${errnoName(errno)})`;
  return new StoreError(`Cannot ${operation}: the connection to XenStore is lost: ${reason}. Open another one.`, {
    code: "disconnected",
    operation,
  });
}

/** Makes the error of a wait that the system refused. */
export function waitError(path: string, errno: number): StoreError {
  return new StoreError(`Cannot wait for ${path}: the system refused (${errnoName(errno)}). Open another XenStore.`, {
    code: "refused",
    operation: "wait",
  });
}

/** Opens a connection. The C library is loaded at the first use, and if that fails, the error is one of grants. */
export function asStoreError<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof GrantError)) throw error;
    const code = error.code === "permission" ? "permission" : "unsupported";
    throw new StoreError(error.message, { code, operation: "open", cause: error.cause ?? error });
  }
}
