import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { checkInteger, checkLimit, show } from "../../src/contract/checks.ts";
import { MAX_PORT } from "../../src/contract/limits.ts";
import { readOptions } from "../../src/contract/options.ts";
import { checkStoreOptions, type MockStoreOptions, type StoreSettings } from "./store/options.ts";

/**
 * Which version of Linux's driver the domains run. The versions differ in what happens to a page that its owner frees
 * while the peer still maps it.
 *
 * - `linux-6.1`: Linux 5.17 and later. The page no longer counts toward the limit, and is freed when the peer unmaps
 *   it.
 * - `linux-5.16`: the patch that introduced the driver in 2011, and Linux up to 5.16. The page counts toward the limit
 *   and is `pending`. After the peer has unmapped it, the next allocation, free, unmap or close frees it.
 */
export type MockProfile = "linux-5.16" | "linux-6.1";

/**
 * How Xen runs the domains, in the words of Linux's `/sys/hypervisor/guest_type`. A `PV` domain may map its own grants.
 * On x86, a `PVH` or `HVM` domain that does so loses the page, and then its kernel panics: the library refuses that with
 * `own-grant`, on devices as here.
 */
export type MockGuestType = "PV" | "PVH" | "HVM";

/**
 * Where the pages of a machine are.
 *
 * - `buffers`: each allocation has its own `ArrayBuffer`. When the last mapping of the allocation ends, all views of it
 *   are detached, as on a device. Use it for tests: a program that uses a view after `unmap()` fails.
 * - `slabs`: all pages are in a few large buffers, and are reused at once. Use it for simulations that must be fast:
 *   the fewer pages an allocation has, the more it gains (see `docs/performance.md`). Views are never detached: a view
 *   that you keep shows whatever its page is used for next. `bytes.buffer` shows pages of other allocations and
 *   domains, and cannot be transferred.
 *
 * In both cases, a view shows only pages of its own machine.
 */
export type MockMemory = "buffers" | "slabs";

/** Options of a simulated Xen. */
export interface MockXenOptions {
  /**
   * Which version of Linux's driver the domains run.
   *
   * @default {"linux-6.1"}
   */
  profile?: MockProfile | undefined;
  /**
   * How Xen runs the domains: whether they may map their own grants.
   *
   * @default {"PV"}
   */
  guestType?: MockGuestType | undefined;
  /**
   * The size of each domain's grant table in frames of 512 references each, 1 to 65,536. The default is Xen's.
   *
   * @default {64}
   */
  tableFrames?: number | undefined;
  /**
   * The driver's limit in each domain, in pages, or `Infinity`. The default is Linux's.
   *
   * @default {1024}
   */
  limit?: number | undefined;
  /**
   * How many pages each domain can map by their references, in frames of Xen's maptrack table of 256 mappings each, 1
   * to 65,536. A page that is mapped twice counts twice. The default is Xen's: 262,144 mappings.
   *
   * @default {1024}
   */
  maptrackFrames?: number | undefined;
  /**
   * How many event channels a domain other than domain 0 can have, 1 to 131,071. The default is that of `xl`.
   *
   * @default {1023}
   */
  eventChannels?: number | undefined;
  /**
   * How many event channels domain 0 can have, 1 to 131,071. The default is all that exist.
   *
   * @default {131071}
   */
  dom0EventChannels?: number | undefined;
  /**
   * Where the pages are.
   *
   * @default {"buffers"}
   */
  memory?: MockMemory | undefined;
  /** The daemon of XenStore, and its quotas. The default is Xen's, with the daemon in C. */
  store?: MockStoreOptions | undefined;
}

const NAMES = [
  "profile",
  "guestType",
  "tableFrames",
  "limit",
  "maptrackFrames",
  "eventChannels",
  "dom0EventChannels",
  "memory",
  "store",
] as const satisfies readonly (keyof MockXenOptions)[];

/** Options with their defaults. */
type CheckedMockXenOptions =
  & { readonly [Name in Exclude<keyof MockXenOptions, "store">]-?: NonNullable<MockXenOptions[Name]> }
  & { readonly store: StoreSettings };

/** Checks the options of a new machine, and fills in their defaults. */
export function checkMockXenOptions(options: MockXenOptions | undefined): CheckedMockXenOptions {
  const what = "create a simulated Xen";
  const {
    profile = "linux-6.1",
    guestType = "PV",
    tableFrames = 64,
    limit = 1024,
    maptrackFrames = 1024,
    eventChannels = 1023,
    dom0EventChannels = MAX_PORT,
    memory = "buffers",
    store,
  } = readOptions(what, options, NAMES);
  if (profile !== "linux-5.16" && profile !== "linux-6.1") {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`profile\` must be "linux-5.16" or "linux-6.1": current value is ${show(profile)}`,
    );
  }
  if (guestType !== "PV" && guestType !== "PVH" && guestType !== "HVM") {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`guestType\` must be "PV", "PVH" or "HVM": current value is ${show(guestType)}`,
    );
  }
  if (memory !== "buffers" && memory !== "slabs") {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`memory\` must be "buffers" or "slabs": current value is ${show(memory)}`,
    );
  }
  checkInteger(what, "`tableFrames`", tableFrames, 1, 65_536);
  checkLimit(what, "`limit`", limit);
  checkInteger(what, "`eventChannels`", eventChannels, 1, MAX_PORT);
  checkInteger(what, "`dom0EventChannels`", dom0EventChannels, 1, MAX_PORT);
  checkInteger(what, "`maptrackFrames`", maptrackFrames, 1, 65_536);
  return {
    profile,
    guestType,
    tableFrames,
    limit,
    maptrackFrames,
    eventChannels,
    dom0EventChannels,
    memory,
    store: checkStoreOptions(what, store),
  };
}
