import type { EventBackend } from "./event_backend.ts";
import type { GrantBackend } from "./grant_backend.ts";
import type { MapBackend } from "./map_backend.ts";
import type { StoreBackend } from "./store_backend.ts";

/** The parts of a domain that are backends, by their names. */
export type DomainPart = "grants" | "maps" | "events" | "store";

/**
 * A Xen domain, as a program that runs in it sees it: one backend for each device. `denoDomain()`, `nodeDomain()` and
 * `new MockXen().domain(1)` each return one, so one line of a program chooses where it runs.
 *
 * Everything that takes a domain needs only the backends it uses: `new GrantDevice({ grants: myBackend })` is enough.
 */
export interface XenDomain {
  /** Shares pages of this domain: what a `GrantDevice` runs on. */
  readonly grants: GrantBackend;
  /** Maps and copies pages of other domains: what a `GrantMapper` runs on. */
  readonly maps: MapBackend;
  /** Binds event channels: what `EventChannels` run on. */
  readonly events: EventBackend;
  /** Connects to XenStore: what a `XenStore` runs on. */
  readonly store: StoreBackend;
  /**
   * Asks the system whether a domain is there, as far as this domain can know. A domain that is destroyed counts as
   * gone, even while others still map its pages.
   *
   * A number is used again for a later domain, so `true` does not say that it is still the same one.
   *
   * @param domid The domain, 0 to 32751 (0x7FEF).
   * @returns Whether it is there, or `undefined` if this domain cannot know: only domain 0 knows of others, and on Linux
   * this takes access to `/dev/xen/xenbus`, usually as root.
   * @throws {TypeError} if the domid is not a number.
   * @throws {RangeError} if it is out of bounds.
   * @throws {StoreError} `unsupported` if the system cannot be asked from this runtime.
   * @throws {GrantError} `closed` if this domain or process of the mock has died.
   *
   * @example In domain 0, wait for as long as the other domain is there
   * ```ts
   * import { type EventChannel, EventChannels, type XenDomain } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * // Returns whether an event arrived. Gives up when the domain is gone, or nobody can tell.
   * async function eventFrom(domid: number, channel: EventChannel, domain: XenDomain): Promise<boolean> {
   *   for (;;) {
   *     try {
   *       await channel.wait({ timeout: 10 });
   *       return true;
   *     } catch (error) {
   *       if ((error as Error).name !== "TimeoutError") throw error;
   *       if (await domain.isAlive(domid) !== true) return false;
   *     }
   *   }
   * }
   *
   * const xen = new MockXen();
   * using events = new EventChannels(xen.domain(0));
   * using channel = events.bindUnbound(2);
   * xen.domain(2).destroy();
   * assert.equal(await eventFrom(2, channel, xen.domain(0)), false);
   * ```
   */
  isAlive(domid: number): Promise<boolean | undefined>;
}
