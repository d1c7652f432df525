import { ArgumentRangeError, ArgumentTypeError } from "../../src/contract/argument_error.ts";
import type { XenDomain } from "../../src/contract/backend.ts";
import { checkDomid, checkFlag, show } from "../../src/contract/checks.ts";
import { readOptions } from "../../src/contract/options.ts";
import { linuxEventBackend } from "./events.ts";
import { linuxGrantBackend } from "./grants.ts";
import { type Libc, MAX_SOCKET_PATH } from "./libc.ts";
import { linuxMapBackend } from "./maps.ts";
import { OwnGrantGuard } from "./own_grants.ts";
import { askWhetherAlive } from "./alive.ts";
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
   * Path of the socket of XenStore's daemon, at most 107 bytes, to use it instead of the device. Only the domain in
   * which the daemon runs has it, usually domain 0. Default is the variable `XENSTORED_PATH` of the environment, or
   * `socket` in the folder `XENSTORED_RUNDIR`. If neither is set, the device is used.
   */
  xenstored?: string | undefined;
  /**
   * Whether this domain may map grants of its own. In a PVH or HVM domain on x86, that can end the whole
   * domain: it loses the page, and its kernel panics some time later. There, mapping throws a
   * {@linkcode GrantError} with the code `own-grant`, if this process can open the device for event channels or reach
   * XenStore, which tell whether the granter is the own domain. Default is false.
   */
  allowOwnGrants?: boolean | undefined;
  /**
   * Whether to warn, through `console.warn`, if a file of a device is dropped without being closed: the garbage
   * collector takes the handles, but the pages stay granted or mapped, the ports bound, and the watches of XenStore
   * open, until the program ends. The first one of each device is reported. Set it to false if the program keeps only
   * the `bytes` of pages that it shares to its end. Default is true.
   */
  warnOfLeaks?: boolean | undefined;
}

/** The options, each read once and checked. */
export function readDomainOptions(options: LinuxDomainOptions | undefined): LinuxDomainOptions {
  const what = "make a domain";
  const read = readOptions(what, options, [...PATHS, "allowOwnGrants", "warnOfLeaks"]);
  for (const name of PATHS) checkPath(what, `\`${name}\``, read[name]);
  checkFlag(what, "`allowOwnGrants`", read.allowOwnGrants);
  checkFlag(what, "`warnOfLeaks`", read.warnOfLeaks);
  if (read.xenbus !== undefined && read.xenstored !== undefined) {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`xenbus\` and \`xenstored\` must not be given together: XenStore has one path`,
    );
  }
  const length = new TextEncoder().encode(read.xenstored ?? "").length;
  if (length > MAX_SOCKET_PATH) {
    throw new ArgumentRangeError(
      `Cannot ${what} as \`xenstored\` must have at most ${MAX_SOCKET_PATH} bytes: current value is ${length}`,
    );
  }
  return read;
}

const PATHS = ["libc", "gntalloc", "gntdev", "evtchn", "xenbus", "xenstored"] as const;

/** Throws unless a value is absent or can be a path: C takes it up to its first NUL. */
function checkPath(what: string, name: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && value !== "" && !value.includes("\0"))) return;
  throw new ArgumentTypeError(`Cannot ${what} as ${name} must be a path, without NUL: current value is ${show(value)}`);
}

/**
 * Makes the backend of the Linux domain that this process runs in. Nothing is loaded or opened before its first use.
 *
 * @param options The options, which have been checked.
 * @param isX86 Whether this machine is an x86, where some domains cannot map their own grants.
 */
export function linuxDomain(libc: Libc, options: LinuxDomainOptions, isX86: boolean): XenDomain {
  const { gntalloc, gntdev, evtchn, allowOwnGrants = false, warnOfLeaks = true } = options;
  const store = linuxStoreBackend(libc, options, warnOfLeaks);
  return {
    grants: linuxGrantBackend(libc, gntalloc, warnOfLeaks),
    maps: linuxMapBackend(
      libc,
      gntdev,
      isX86 && !allowOwnGrants ? new OwnGrantGuard(libc, store, evtchn) : undefined,
      warnOfLeaks,
    ),
    events: linuxEventBackend(libc, evtchn, warnOfLeaks),
    store,
    async isAlive(domid) {
      checkDomid("look for a domain", domid);
      return await askWhetherAlive(store, domid);
    },
  };
}
