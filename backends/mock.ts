/**
 * A simulated Xen, for developing and testing without one: domains with grant tables, pages of real memory that both sides
 * see, peers that map them.
 *
 * It refuses what Xen refuses, with the same errors, and is deterministic. What it cannot do as a device does:
 *
 * - It has no page tables. References that are mapped at once are one piece of memory only where they are neighbouring pages of
 *   one allocation, in order; others lie in several `parts`, and `bytes` is `unsupported`.
 * - All mappings of one allocation are views of one buffer: mind `bytes.byteOffset` in making other views of it. A view that was
 *   kept from a mapping that ended is detached only when no other mapping of its allocation is left, and with
 *   {@linkcode MockMemory} `slabs` not at all.
 * - Moving a mapping's buffer away, with `transfer` or `postMessage`, takes the memory away from all mappings of its allocation,
 *   which is zeroed.
 * - The views of a domain that is destroyed, or of a process that is killed, go on working, as its program does.
 * - Waiting for an event does not keep a program alive: as nothing outside of it sends events, it would wait for ever. Under Node
 *   `AbortSignal.timeout` does not either: a program that does nothing but wait so long ends before.
 * - Kernels have no ports of their own: the first one of a domain is port 1. Of Xen's own events they take `VIRQ_TIMER` and
 *   `VIRQ_DEBUG` alone.
 *
 * Events are deterministic: an event is there at once, and whoever waits for it is woken in a microtask, before any timer.
 *
 * @example Two domains on one machine
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * {
 *   using device = new GrantDevice(xen.domain(1));
 *   using pages = device.open().allocate(2, { pages: 3 });
 *   using mapper = new GrantMapper(xen.domain(2));
 *   using theirs = mapper.map(1, pages.grefs);
 *   assert.equal(theirs.count, 3);
 * }
 * xen.assertClean();
 * ```
 *
 * @module
 */
import { checkDomid, checkInteger, checkLimit, checkOptions, show } from "../src/contract/checks.ts";
import { Buffers } from "./mock/buffers.ts";
import { MockDomain, type MockDomainSizes } from "./mock/domain.ts";
import type { MachineMemory } from "./mock/memory.ts";
import type { MockProcess } from "./mock/process.ts";
import { Slabs } from "./mock/slabs.ts";

export type {
  CopySegment,
  EventBackend,
  EventFile,
  GrantBackend,
  GrantFile,
  GrantPlace,
  MapBackend,
  MapFile,
  MappedMemory,
  PeerMemory,
  UnmapNotify,
} from "../src/contract/backend.ts";
export type { MockDomain, MockProcess };

/**
 * Whose behaviour the machine has where drivers differ: what becomes of a page that its owner lets go of while the peer maps
 * it.
 *
 * - `linux-6.1`, as in Linux since 5.17: it no longer counts toward the limit, and is freed when the peer lets go.
 * - `linux-5.16`, as in the patch that introduced the driver in 2011, and in Linux up to 5.16: it counts toward the limit, is `pending`,
 *   and is freed at the next allocation, free, unmap or close after the peer has let go.
 */
export type MockProfile = "linux-5.16" | "linux-6.1";

/**
 * Where the pages of a machine are.
 *
 * - `buffers`: each allocation has an `ArrayBuffer` of its own. When its last mapping ends, all views that were kept are detached,
 *   as on a device. For tests: a program that goes on using a view after its `unmap()` shows it.
 * - `slabs`: all pages lie in a few large buffers, and are used again at once. For simulations in which speed matters: the fewer the
 *   pages of an allocation, the more is gained (see `docs/performance.md`). A view that was kept is not detached, but shows
 *   whatever its page is used for next, and `bytes.buffer` shows pages of other allocations and domains. It cannot be
 *   transferred.
 *
 * Either way nothing but memory of this machine is ever seen.
 */
export type MockMemory = "buffers" | "slabs";

/** How a simulated machine is set up. */
export interface MockXenOptions {
  /** Whose behaviour it has. Default is `linux-6.1`. */
  profile?: MockProfile;
  /** The frames of each domain's grant table, 1 to 65,536, of 512 references each. Default is 64, as in Xen. */
  tableFrames?: number;
  /** The driver's limit in each domain, in pages, or `Infinity`. Default is 1024, as in Linux. */
  limit?: number;
  /** How many event channels each domain may have, 1 to 131,071. Default is 1023, as `xl` gives a domain. */
  eventChannels?: number;
  /** Where its pages are. Default is `buffers`. */
  memory?: MockMemory;
}

/** A machine: its domains are there from the moment they are named. */
export class MockXen {
  /** Whose behaviour it has. */
  readonly profile: MockProfile;
  /** @internal Where its pages are. */
  readonly memory: MachineMemory;
  readonly #sizes: MockDomainSizes;
  readonly #domains = new Map<number, MockDomain>();

  /**
   * Makes a machine.
   *
   * @param options Its profile and sizes.
   * @throws {RangeError} if a number is out of its bounds.
   */
  constructor(options: MockXenOptions = {}) {
    const what = "make a simulated machine";
    checkOptions(what, options);
    const { profile = "linux-6.1", tableFrames = 64, limit = 1024, eventChannels = 1023, memory = "buffers" } = options;
    if (profile !== "linux-5.16" && profile !== "linux-6.1") {
      throw new TypeError(
        `Cannot ${what} as \`profile\` must be "linux-5.16" or "linux-6.1": current value is ${show(profile)}`,
      );
    }
    if (memory !== "buffers" && memory !== "slabs") {
      throw new TypeError(
        `Cannot ${what} as \`memory\` must be "buffers" or "slabs": current value is ${show(memory)}`,
      );
    }
    checkInteger(what, "`tableFrames`", tableFrames, 1, 65_536);
    checkLimit(what, "`limit`", limit);
    checkInteger(what, "`eventChannels`", eventChannels, 1, 131_071);
    this.profile = profile;
    this.memory = memory === "slabs" ? new Slabs() : new Buffers();
    this.#sizes = { tableFrames, limit, eventChannels };
  }

  /**
   * The domain with a number: a new one where there was none, or where one was destroyed and nobody maps its pages any more.
   *
   * @param domid The number, 0 to 32751 (0x7FEF).
   * @throws {RangeError} if the number is out of its bounds.
   */
  domain(domid: number): MockDomain {
    checkDomid("name a domain", domid);
    let domain = this.#domains.get(domid);
    if (!domain) {
      domain = new MockDomain(this, domid, this.#sizes);
      this.#domains.set(domid, domain);
    }
    return domain;
  }

  /** @internal The domain with a number, if there is one. */
  find(domid: number): MockDomain | undefined {
    return this.#domains.get(domid);
  }

  /** @internal Takes a destroyed domain away. */
  forget(domain: MockDomain): void {
    this.#domains.delete(domain.domid);
  }

  /**
   * Throws unless nothing is granted, mapped or bound on the whole machine: for the end of a test. Unmap before the device
   * is closed: with the profile `linux-5.16`, a page that was mapped until later ends with the next `close()` of its device.
   *
   * @throws {Error} naming what is left.
   */
  assertClean(): void {
    const left: string[] = [];
    for (const { domid, table, mappings, eventChannels } of this.#domains.values()) {
      for (const gref of table.grefs()) {
        left.push(`domain ${domid} grants domain ${table.domid(gref)} a page by reference ${gref}`);
      }
      if (mappings.size > 0) left.push(`domain ${domid} has ${mappings.size} mappings of granted pages`);
      for (const port of eventChannels.ports()) left.push(`domain ${domid} has port ${port.number} bound`);
    }
    if (left.length === 0) return;
    const shown = left.slice(0, 10).join("; ");
    throw new Error(
      `The simulated machine is not clean: ${shown}${left.length > 10 ? `; and ${left.length - 10} more` : ""}`,
    );
  }
}
