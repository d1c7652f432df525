import type { XenDomain } from "../../src/contract/backend.ts";
import { linuxEventBackend } from "./events.ts";
import { linuxGrantBackend } from "./grants.ts";
import type { Libc } from "./libc.ts";
import { linuxMapBackend } from "./maps.ts";

/** Where a domain finds what it needs, if not at the usual places. */
export interface LinuxDomainOptions {
  /**
   * The C library, by name or by path. By default the first of `libc.so.6` (glibc) and `libc.musl-<arch>.so.1` (musl) that
   * can be loaded.
   */
  libc?: string | undefined;
  /** The device that shares pages. Default is `/dev/xen/gntalloc`. */
  gntalloc?: string | undefined;
  /** The device that maps and copies pages of other domains. Default is `/dev/xen/gntdev`. */
  gntdev?: string | undefined;
  /** The device of event channels. Default is `/dev/xen/evtchn`. */
  evtchn?: string | undefined;
}

/** The devices of the Linux domain that this process runs in. Nothing is loaded or opened before its first use. */
export function linuxDomain(libc: Libc, { gntalloc, gntdev, evtchn }: LinuxDomainOptions): XenDomain {
  return {
    grants: linuxGrantBackend(libc, gntalloc),
    maps: linuxMapBackend(libc, gntdev),
    events: linuxEventBackend(libc, evtchn),
  };
}
