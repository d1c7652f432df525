import type { XenDomain } from "../../src/contract/backend.ts";
import type { StoreBackend } from "../../src/contract/store_backend.ts";
import { checkFlag, show } from "../../src/contract/checks.ts";
import { readOptions } from "../../src/contract/options.ts";
import { linuxEventBackend } from "./events.ts";
import { linuxGrantBackend } from "./grants.ts";
import { type Libc, MAX_SOCKET_PATH } from "./libc.ts";
import { linuxMapBackend } from "./maps.ts";
import { OwnGrantGuard } from "./own_grants.ts";
import { linuxStoreBackend } from "./store.ts";

/** Where the C library and the devices are, and what is allowed. The defaults fit almost every system. */
export interface LinuxDomainOptions {
  /**
   * Name or path of the C library. Default is the first of `libc.so.6` (glibc) and `libc.musl-<arch>.so.1` (musl) that
   * can be loaded.
   */
  libc?: string | undefined;
  /** Path of the device that shares pages. Default is `/dev/xen/gntalloc`. */
  gntalloc?: string | undefined;
  /** Path of the device that maps and copies pages of other domains. Default is `/dev/xen/gntdev`. */
  gntdev?: string | undefined;
  /** Path of the device for event channels. Default is `/dev/xen/evtchn`. */
  evtchn?: string | undefined;
  /**
   * Path of the device for XenStore. Default is `/dev/xen/xenbus`, unless the socket is used. Takes precedence over the
   * environment. Cannot be given together with `xenstored`.
   */
  xenbus?: string | undefined;
  /**
   * Path of the socket of XenStore's daemon, at most 107 bytes, to use it instead of the device. Only the domain in which
   * the daemon runs has it, usually domain 0. Default is the variable `XENSTORED_PATH` of the environment, or `socket` in
   * the folder `XENSTORED_RUNDIR`. If neither is set, the device is used.
   */
  xenstored?: string | undefined;
  /**
   * Whether this domain may map grants of its own. In a PVH or HVM domain on x86, that can end the whole
   * domain: it loses the page, and its kernel panics some time later. There, mapping throws a
   * {@linkcode GrantError} with the code `own-grant`, if the domain can find out its own domid: from `/dev/xen/xenbus`,
   * which usually takes root. Domain 0 also finds it out from `/proc/xen/capabilities`. Default is false.
   */
  allowOwnGrants?: boolean | undefined;
}

/** A domain of Linux, with its XenStore. */
export interface LinuxDomain extends XenDomain {
  /** XenStore, through the device or the daemon's socket. */
  readonly store: StoreBackend;
}

/** The options, each read once and checked. */
export function readDomainOptions(options: LinuxDomainOptions | undefined): LinuxDomainOptions {
  const what = "make a domain";
  const read = readOptions(what, options, [...PATHS, "allowOwnGrants"]);
  for (const name of PATHS) checkPath(what, `\`${name}\``, read[name]);
  checkFlag(what, "`allowOwnGrants`", read.allowOwnGrants);
  if (read.xenbus !== undefined && read.xenstored !== undefined) {
    throw new TypeError(
      `Cannot ${what} as \`xenbus\` and \`xenstored\` must not be given together: XenStore has one path`,
    );
  }
  const length = new TextEncoder().encode(read.xenstored ?? "").length;
  if (length > MAX_SOCKET_PATH) {
    throw new RangeError(
      `Cannot ${what} as \`xenstored\` must have at most ${MAX_SOCKET_PATH} bytes: current value is ${length}`,
    );
  }
  return read;
}

const PATHS = ["libc", "gntalloc", "gntdev", "evtchn", "xenbus", "xenstored"] as const;

/** Throws unless a value is absent or can be a path: C takes it up to its first NUL. */
function checkPath(what: string, name: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && value !== "" && !value.includes("\0"))) return;
  throw new TypeError(`Cannot ${what} as ${name} must be a path, without NUL: current value is ${show(value)}`);
}

/**
 * Makes the backend of the Linux domain that this process runs in. Nothing is loaded or opened before its first use.
 *
 * @param options The options, which have been checked.
 * @param isX86 Whether this machine is an x86, where some domains cannot map their own grants.
 */
export function linuxDomain(libc: Libc, options: LinuxDomainOptions, isX86: boolean): LinuxDomain {
  const { gntalloc, gntdev, evtchn, xenbus, allowOwnGrants = false } = options;
  return {
    grants: linuxGrantBackend(libc, gntalloc),
    maps: linuxMapBackend(libc, gntdev, isX86 && !allowOwnGrants ? new OwnGrantGuard(libc, xenbus) : undefined),
    events: linuxEventBackend(libc, evtchn),
    store: linuxStoreBackend(libc, options),
  };
}
