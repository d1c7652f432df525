/**
 * Records the calls that the backends of a domain receive, with their answers, as one JSON line each; and replays such
 * a trace on other backends, up to the first difference. So a problem in a domU can be studied on a laptop.
 *
 * A trace does not contain what is in pages, but it does contain what is sent to XenStore and comes from it.
 * `docs/recording.md` describes the format, and what a replay can tell.
 *
 * @example Record both sides on one simulated Xen, and replay on another
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
 *   using device = new GrantDevice(recorder.wrap(xen.domain(1)));
 *   using mapper = new GrantMapper(recorder.wrap(xen.domain(0)));
 *   const pages = device.open().allocate(0, { pages: 2 });
 *   using _theirs = mapper.map(1, [pages.grefs[1]!]);
 *   pages.free();
 * }
 *
 * // Replay with the same profile, and with the one that frees the page by itself when the peer unmaps it.
 * const on = (profile: "linux-5.16" | "linux-6.1") => {
 *   const xen = new MockXen({ profile });
 *   return replay(trace, { domains: [xen.domain(1), xen.domain(0)] });
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
export type * from "../src/contract/interfaces.ts";
export type { GrantErrorCode } from "../src/contract/errors.ts";
export type { StoreErrorCode } from "../src/contract/store_errors.ts";
export type { Difference } from "./record/difference.ts";
export { parseTrace } from "./record/parse.ts";
export { Recorder } from "./record/recorder.ts";
export { replay, replayAsync, type ReplayReport } from "./record/replay.ts";
export type { ReplayOptions } from "./record/replay_options.ts";
export { type Trace, TRACE_VERSION, type TraceAnswer, TraceError } from "./record/trace.ts";
export type {
  BindCall,
  CloseCall,
  CopyCall,
  EndAccessCall,
  GrantCall,
  GrantsMapCall,
  LimitCall,
  MapsMapCall,
  MapsNotifyCall,
  Mark,
  NotifyCall,
  OpenCall,
  PendingCall,
  PortCall,
  ReceiveCall,
  RecordedCall,
  RecordedFileCall,
  ResetCall,
  SendCall,
  StoreWaitCall,
  TraceCall,
  TracedError,
  TracedMessage,
  TracedPlace,
  TracedSegment,
  TracePart,
  UnmapCall,
  WaitCall,
} from "./record/trace_calls.ts";
