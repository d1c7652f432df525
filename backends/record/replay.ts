import { type Difference, differenceAt, recordedAnswer } from "./difference.ts";
import { parseTrace } from "./parse.ts";
import { type ReadReplayOptions, readReplayOptions, type ReplayOptions } from "./replay_options.ts";
import { ReplaySession } from "./replay_session.ts";
import { type Trace, type TraceAnswer, TraceError } from "./trace.ts";

/** What a replay found. */
export interface ReplayReport {
  /** The number of calls that were answered as in the recording. */
  readonly calls: number;
  /** Whether the trace ends in the middle of a line: the program that wrote it was stopped. */
  readonly cut: boolean;
  /** The first difference, at which the replay stopped; absent if there is none. */
  readonly difference?: Difference;
  /**
   * What is still mapped, granted, bound or open where the trace ends, for people: "mapping 2", "3 pages of file 1",
   * "file 1". The recorded program did not give it back, or was stopped between two lines. Absent if nothing is open,
   * if the trace was cut, or if there is a difference.
   */
  readonly openAtEnd?: readonly string[];
  /** What the replay could not give back, for people. Empty unless a backend failed, or another domain maps a page. */
  readonly left: readonly string[];
}

/**
 * Makes the calls of a trace on other backends, up to the first one that is answered differently. At the end, whatever
 * happened, it unmaps what it mapped, ends access to what it granted, and closes what it opened.
 *
 * References and ports are translated: where the peer mapped a page in the recording, it maps the page that stands for
 * it here.
 *
 * @param trace The text of a trace, or its lines.
 * @param options Where it is replayed.
 * @throws {TraceError} if a line cannot be read, before anything is replayed; or if a line names a file, mapping, page
 * or domain that does not exist, or a part that its domain does not have; or if it has calls of XenStore, which need
 * {@linkcode replayAsync}.
 * @throws {TypeError} if the trace is neither a text nor lines, an option does not exist or has the wrong type, or a
 * handler returns a promise.
 * @throws {RangeError} if a domain or port in the options is out of bounds.
 *
 * @example A mapping that is refused here
 * ```ts
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { replay } from "@gntalloc/gntalloc/record";
 * import assert from "node:assert/strict";
 *
 * const trace = `{"trace":"gntalloc","version":1}
 * {"part":"grants","call":"open","file":1}
 * {"part":"grants","call":"grant","file":1,"page":0,"count":2,"domid":0,"writable":true,"grefs":[71,70]}
 * {"part":"maps","call":"open","domain":1,"file":2}
 * {"part":"maps","call":"map","file":2,"domid":1,"grefs":[70],"writable":true,"mapping":1,"bytes":4096}
 * {"part":"maps","call":"map","file":2,"domid":1,"grefs":[72],"writable":true,"mapping":2,"bytes":4096}`;
 *
 * const xen = new MockXen();
 * const { calls, difference } = replay(trace, { domains: [xen.domain(1), xen.domain(0)] });
 * assert.equal(calls, 4);
 * assert.equal(difference?.line, 6); // nobody granted reference 72
 * assert.equal(difference.got.error?.code, "map-refused");
 * xen.assertClean();
 * ```
 */
export function replay(trace: string | Iterable<string>, options: ReplayOptions): ReplayReport {
  const read = readReplayOptions(options);
  const parsed = parseTrace(trace);
  const store = parsed.calls.find((call) => call.call !== "mark" && call.part === "store");
  if (store) {
    throw new TraceError(
      store.line,
      '`part` must not be "store", because `replay()` cannot wait for the replies: use `replayAsync()`',
    );
  }
  // Only calls of XenStore are waited for.
  return replaying(parsed, read).next().value as ReplayReport;
}

/**
 * Makes the calls of a trace like {@linkcode replay}, and waits for the replies of XenStore. A trace with the part
 * `store` needs this.
 *
 * @param trace The text of a trace, or its lines.
 * @param options Where it is replayed.
 * @throws {TraceError} as {@linkcode replay}.
 * @throws {TypeError} as {@linkcode replay}.
 * @throws {RangeError} as {@linkcode replay}.
 *
 * @example Find out what differs with the other daemon
 * ```ts
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { Recorder, replayAsync } from "@gntalloc/gntalloc/record";
 * import { XenStore } from "@gntalloc/gntalloc/xenstore";
 * import assert from "node:assert/strict";
 *
 * const trace: string[] = [];
 * const recorder = new Recorder((line) => trace.push(line));
 * const store = await XenStore.open(recorder.wrap(new MockXen().domain(1)));
 * await store.write("data/port", 7);
 * await assert.rejects(store.read("/local/domain/2/data"), { code: "denied" });
 * store.close();
 *
 * const on = async (daemon: "xenstored" | "oxenstored") =>
 *   await replayAsync(trace, { domains: [new MockXen({ store: { daemon } }).domain(1)] });
 * assert.equal((await on("xenstored")).difference, undefined);
 * const { difference } = await on("oxenstored");
 * assert.match(difference!.message, /expected .*EACCES.*\ngot .*ENOENT/);
 * ```
 */
export async function replayAsync(trace: string | Iterable<string>, options: ReplayOptions): Promise<ReplayReport> {
  const read = readReplayOptions(options);
  const steps = replaying(parseTrace(trace), read);
  let step = steps.next();
  // Errors are answers, so the promises are not rejected.
  while (!step.done) step = steps.next(await step.value);
  return step.value;
}

/** Replays a trace. Yields the answers that it has to wait for. */
function* replaying(
  { calls, cut }: Trace,
  { errno, marks, ...target }: ReadReplayOptions,
): Generator<Promise<TraceAnswer>, ReplayReport, TraceAnswer> {
  const session = new ReplaySession(target);
  let done = 0;
  let difference: Difference | undefined;
  let openAtEnd: string[] = [];
  let left: string[] = [];
  try {
    for (const [index, call] of calls.entries()) {
      if (call.call === "mark") {
        marks.get(call.name)?.(call.value);
        continue;
      }
      const answer = session.call(call);
      const got = answer instanceof Promise ? yield answer : answer;
      difference = differenceAt(calls, index, recordedAnswer(call), got, errno);
      if (difference) break;
      done++;
    }
    if (!cut && !difference) openAtEnd = session.open();
  } finally {
    left = session.close();
  }
  return {
    calls: done,
    cut,
    ...(difference ? { difference } : {}),
    ...(openAtEnd.length > 0 ? { openAtEnd } : {}),
    left,
  };
}
