import type { XenDomain } from "../../src/contract/backend.ts";
import type { ReplayContext } from "./replay_context.ts";
import { ReplayedEvents } from "./replayed_events.ts";
import { ReplayedGrants } from "./replayed_grants.ts";
import { ReplayedMaps } from "./replayed_maps.ts";
import { ReplayedStore } from "./replayed_store.ts";
import type { TracePart } from "./trace_calls.ts";

/** What the open files of all parts have in common. */
interface ReplayedFile<Part extends TracePart> {
  readonly part: Part;
  readonly backend: XenDomain[Part];
  /** The index of its domain in the trace. */
  readonly domain: number;
  /** The number of granted pages. */
  readonly granted: number;
  /** The number of bound ports. */
  readonly bound: number;
  close(): void;
}

/** The open file of each part. */
interface Files {
  readonly grants: ReplayedGrants;
  readonly maps: ReplayedMaps;
  readonly events: ReplayedEvents;
  readonly store: ReplayedStore;
}

/** An open file of a part, or of any part. */
export type OpenFile<Part extends TracePart = TracePart> = Files[Part];

/** What opens a file of each part. */
export const FILES: {
  readonly [Part in TracePart]: new (
    context: ReplayContext,
    domain: number,
    backend: XenDomain[Part],
  ) => Files[Part] & ReplayedFile<Part>;
} = { grants: ReplayedGrants, maps: ReplayedMaps, events: ReplayedEvents, store: ReplayedStore };
