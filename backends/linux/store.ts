/**
 * Chooses how to reach XenStore.
 *
 * The device works in every domain, so it is the default. The socket exists only where the daemon runs; there it gives
 * all privileges of domain 0, and takes payloads that are 16 bytes longer. The names of variables are those that
 * programs on libxenstore obey. The C library reads them: the runtime itself would ask for a permission.
 *
 * @module
 */

import type { StoreBackend, StoreConnection } from "../../src/contract/store_backend.ts";
import type { Libc } from "./libc.ts";
import { asStoreError } from "./store_errors.ts";
import { storeSocketBackend } from "./store_socket.ts";
import { XENBUS, xenbusBackend } from "./xenbus.ts";

/** Holds the path of the daemon's socket. */
export const XENSTORED_PATH = "XENSTORED_PATH";
/** Holds the path of the folder in which the daemon has its `socket`. */
export const XENSTORED_RUNDIR = "XENSTORED_RUNDIR";

/** How to reach XenStore: by one of the two, or as the environment says. */
export interface StorePaths {
  /** The path of the device. */
  readonly xenbus?: string | undefined;
  /** The path of the daemon's socket. */
  readonly xenstored?: string | undefined;
}

/** Makes the backend for XenStore. Reads the environment at the first `open()`, if no path is given. */
export function linuxStoreBackend(
  libc: Libc,
  { xenbus, xenstored }: StorePaths = {},
  warnOfLeaks = false,
): StoreBackend {
  if (xenstored !== undefined) return storeSocketBackend(libc, xenstored, warnOfLeaks);
  if (xenbus !== undefined) return xenbusBackend(libc, xenbus, warnOfLeaks);
  return new ChosenBackend(libc, warnOfLeaks);
}

class ChosenBackend implements StoreBackend {
  readonly #libc: Libc;
  readonly #warnOfLeaks: boolean;
  #chosen: StoreBackend | undefined;

  constructor(libc: Libc, warnOfLeaks: boolean) {
    this.#libc = libc;
    this.#warnOfLeaks = warnOfLeaks;
  }

  /** The path of the device until the environment was read. */
  get name(): string {
    return this.#chosen?.name ?? XENBUS;
  }

  open(): StoreConnection {
    this.#chosen ??= asStoreError(() => choose(this.#libc, this.#warnOfLeaks));
    return this.#chosen.open();
  }
}

function choose(libc: Libc, warnOfLeaks: boolean): StoreBackend {
  const path = libc.environment(XENSTORED_PATH);
  if (path) return storeSocketBackend(libc, path, warnOfLeaks);
  const folder = libc.environment(XENSTORED_RUNDIR);
  return folder
    ? storeSocketBackend(libc, `${folder}/socket`, warnOfLeaks)
    : xenbusBackend(libc, undefined, warnOfLeaks);
}
