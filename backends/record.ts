/**
 * Records what is asked of a backend and what it answers, one JSON line a call; and replays such a trace on any other
 * backend, which gives the first difference. So what went wrong in a domU can be looked at on a laptop.
 *
 * A trace has no bytes of any page. The format, and what a replay can tell: `docs/recording.md`.
 *
 * @example Record both sides on one simulated machine, replay on another
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { Recorder, replay } from "@gntalloc/gntalloc/record";
 * import assert from "node:assert/strict";
 *
 * const trace: string[] = [];
 * const recorder = new Recorder((line) => trace.push(line));
 * {
 *   const xen = new MockXen({ profile: "linux-5.16" });
 *   using device = new GrantDevice({ grants: recorder.grants(xen.domain(1).grants) });
 *   using mapper = new GrantMapper({ maps: recorder.maps(xen.domain(0).maps) });
 *   const pages = device.open().allocate(0, { pages: 2 });
 *   using _theirs = mapper.map(1, [pages.grefs[1]!]);
 *   pages.free();
 * }
 *
 * // The same on a machine like that one, and on one that frees the page by itself when the peer lets go.
 * const on = (profile: "linux-5.16" | "linux-6.1") => {
 *   const xen = new MockXen({ profile });
 *   return replay(trace, { grants: xen.domain(1).grants, maps: xen.domain(0).maps });
 * };
 * assert.equal(on("linux-5.16").difference, undefined);
 * const { difference } = on("linux-6.1");
 * assert.equal(difference?.call.call, "endAccess");
 * assert.deepEqual(difference.expected, { held: [1] });
 * assert.deepEqual(difference.got, { held: [] });
 * ```
 *
 * @module
 */
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
export type { GrantErrorCode } from "../src/contract/errors.ts";
export { parseTrace } from "./record/parse.ts";
export { Recorder } from "./record/recorder.ts";
export { type Difference, replay, type ReplayOptions, type ReplayReport } from "./record/replay.ts";
export {
  type BindCall,
  type CloseCall,
  type CopyCall,
  type EndAccessCall,
  type GrantCall,
  type GrantsMapCall,
  type LimitCall,
  type MapsMapCall,
  type MapsNotifyCall,
  type Mark,
  type NotifyCall,
  type OpenCall,
  type PendingCall,
  type PortCall,
  type RecordedCall,
  type RecordedFileCall,
  type Trace,
  TRACE_VERSION,
  type TraceAnswer,
  type TraceCall,
  type TracedError,
  type TracedPlace,
  type TracedSegment,
  TraceError,
  type TraceSide,
  type UnmapCall,
  type WaitCall,
} from "./record/trace.ts";
