import type { EventBackend } from "./event_backend.ts";
import type { GrantBackend } from "./grant_backend.ts";
import type { MapBackend } from "./map_backend.ts";

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
}
