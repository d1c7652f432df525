import type { XenDomain } from "../../src/contract/backend.ts";
import { show } from "../../src/contract/checks.ts";
import { readOptions } from "../../src/contract/options.ts";
import { linuxEventBackend } from "./events.ts";
import { linuxGrantBackend } from "./grants.ts";
import type { Libc } from "./libc.ts";
import { linuxMapBackend } from "./maps.ts";

/** Where the C library and the devices are. The defaults fit almost every system. */
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
}

/** The options, each read once and checked. */
export function readDomainOptions(options: LinuxDomainOptions | undefined): LinuxDomainOptions {
  const what = "make a domain";
  const read = readOptions(what, options, ["libc", "gntalloc", "gntdev", "evtchn"]);
  for (const [name, path] of Object.entries(read)) checkPath(what, `\`${name}\``, path);
  return read;
}

/** Throws unless a value is absent or can be a path: C takes it up to its first NUL. */
function checkPath(what: string, name: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && value !== "" && !value.includes("\0"))) return;
  throw new TypeError(`Cannot ${what} as ${name} must be a path, without NUL: current value is ${show(value)}`);
}

/**
 * Makes the backend of the Linux domain that this process runs in. Nothing is loaded or opened before its first use.
 */
export function linuxDomain(libc: Libc, { gntalloc, gntdev, evtchn }: LinuxDomainOptions): XenDomain {
  return {
    grants: linuxGrantBackend(libc, gntalloc),
    maps: linuxMapBackend(libc, gntdev),
    events: linuxEventBackend(libc, evtchn),
  };
}
