import { checkDomid, checkInteger, checkOptions, show } from "../../src/contract/checks.ts";
import type { EventBackend, GrantBackend, MapBackend } from "../../src/contract/backend.ts";
import { parseTrace } from "./parse.ts";
import { isPort } from "./replayed_events.ts";
import { Stage } from "./replay_session.ts";
import type { Mark, TraceAnswer, TraceCall } from "./trace.ts";

/** Ports are below 2¹⁷ (Xen's public headers). */
const MAX_PORT = 0x1_ffff;

/** How many calls before a difference are shown. */
const SHOWN = 8;

/** Where a trace is replayed, and how. */
export interface ReplayOptions {
  /** The granter's side. Needed if the trace has calls of it. */
  grants?: GrantBackend;
  /** The peer's side. Needed if the trace has calls of it. */
  maps?: MapBackend;
  /** Event channels, if the trace has calls of them: one backend, or one for each that was recorded, in the same order. */
  events?: EventBackend | readonly EventBackend[];
  /** The granter's domain in the trace, where its peer maps pages of others too: their references are not translated. */
  granter?: number;
  /** The domains that stand for those of the trace, where they are other ones: `{ 5: 1 }` has domain 1 in place of 5. */
  domids?: Readonly<Record<number, number>>;
  /** The ports that stand for those of domains that are not in the trace: `{ 17: 3 }` binds to port 3 what was bound to 17. */
  remotePorts?: Readonly<Record<number, number>>;
  /**
   * Has the other end of a port here send an event, as one came there in the recording that nothing in the trace sent. Without
   * this, such an event is a difference.
   */
  send?: (port: number) => void;
  /** Whether errors must have the same `errno`, beside the same code. Default is false. */
  errno?: boolean;
  /** What is done at a mark of the trace, by its name: for example to change the system's limit. Other marks are skipped. */
  marks?: Readonly<Record<string, (value: unknown) => void>>;
}

/** The first call that was answered otherwise than in the recording. */
export interface Difference {
  /** The number of its line in the trace, from 1. */
  readonly line: number;
  /** The call, as recorded. */
  readonly call: TraceCall;
  /** What was answered then. */
  readonly expected: TraceAnswer;
  /** What is answered here. */
  readonly got: TraceAnswer;
  /** The last calls before it, at most 8. */
  readonly before: readonly TraceCall[];
  /** All of this, for people. */
  readonly message: string;
}

/** What came of a replay. */
export interface ReplayReport {
  /** How many calls were answered as in the recording. */
  readonly calls: number;
  /** Whether the trace ends in the middle of a line: the program that wrote it was stopped. */
  readonly cut: boolean;
  /** The first difference, at which the replay ended. None if there is none. */
  readonly difference?: Difference;
  /**
   * What is still mapped, granted and open where the whole trace ends, for people: "mapping 2", "3 pages of file 1", "file 1".
   * The program did not give it back, or was stopped between two lines. None if there is nothing, if the trace was cut, or
   * if there is a difference.
   */
  readonly openAtEnd?: readonly string[];
  /** What could not be given back at the end, for people. Empty unless a backend failed, or a stranger maps a page. */
  readonly left: readonly string[];
}

/**
 * Makes the calls of a trace on other backends, up to the first that is answered otherwise. Whatever comes of it, nothing is
 * left open, granted or mapped at the end.
 *
 * References are translated: where the peer mapped a page in the recording, it maps the page that stands for it here.
 *
 * @param trace The text of a trace, or its lines.
 * @param options Where it is replayed.
 * @throws {TraceError} if a line cannot be read, and then nothing was replayed; or if it names a file, mapping or page that
 * is not there, or a side that has no backend here.
 * @throws {TypeError} if the options are not an object, or a domain or port in them is not a number.
 * @throws {RangeError} if a domain or port in them cannot be one.
 *
 * @example A bound that differs
 * ```ts
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { replay } from "@gntalloc/gntalloc/record";
 * import assert from "node:assert/strict";
 *
 * const trace = `{"trace":"gntalloc","version":1}
 * {"side":"grants","call":"open","file":1}
 * {"side":"grants","call":"grant","file":1,"page":0,"count":2,"domid":0,"writable":true,"grefs":[71,70]}
 * {"side":"maps","call":"open","file":2}
 * {"side":"maps","call":"map","file":2,"domid":1,"grefs":[70],"writable":true,"mapping":1,"bytes":4096}
 * {"side":"maps","call":"map","file":2,"domid":1,"grefs":[72],"writable":true,"mapping":2,"bytes":4096}`;
 *
 * const xen = new MockXen();
 * const { calls, difference } = replay(trace, {
 *   grants: xen.domain(1).grants,
 *   maps: xen.domain(0).maps,
 * });
 * assert.equal(calls, 4);
 * assert.equal(difference?.line, 6); // nobody granted reference 72
 * assert.equal(difference.got.error?.code, "map-refused");
 * xen.assertClean();
 * ```
 */
export function replay(trace: string | Iterable<string>, options: ReplayOptions): ReplayReport {
  const what = "replay";
  checkOptions(what, options);
  const { grants, maps, events = [], granter, domids = {}, remotePorts = {}, send, errno = false, marks = {} } =
    options;
  if (granter !== undefined) checkDomid(what, granter);
  checkOptions(what, domids, "`domids`");
  for (const domid of Object.values(domids)) checkDomid(what, domid);
  checkOptions(what, remotePorts, "`remotePorts`");
  for (const port of Object.values(remotePorts)) checkInteger(what, "a port of `remotePorts`", port, 0, MAX_PORT);
  if (send !== undefined && typeof send !== "function") {
    throw new TypeError(`Cannot ${what} as \`send\` must be a function: current value is ${show(send)}`);
  }
  const { calls, cut } = parseTrace(trace);
  const ends = Array.isArray(events) ? events : [events];
  const stage = new Stage({ grants, maps, events: ends, granter, domids, remotePorts, send });
  let done = 0;
  let difference: Difference | undefined;
  let openAtEnd: string[] = [];
  let left: string[] = [];
  try {
    for (const [index, call] of calls.entries()) {
      if (call.call === "mark") {
        if (Object.hasOwn(marks, call.name)) marks[call.name]!(call.value);
        continue;
      }
      const expected = recordedAnswer(call);
      const got = stage.call(call);
      if (compared(expected, errno) !== compared(got, errno)) {
        difference = describe(call, expected, got, calls.slice(Math.max(0, index - SHOWN), index));
        break;
      }
      done++;
    }
    if (!cut && !difference) openAtEnd = stage.open();
  } finally {
    left = stage.close();
  }
  return {
    calls: done,
    cut,
    ...(difference ? { difference } : {}),
    ...(openAtEnd.length > 0 ? { openAtEnd } : {}),
    left,
  };
}

/** What a trace says that was answered. */
function recordedAnswer(call: Exclude<TraceCall, Mark>): TraceAnswer {
  const error = call.error === undefined ? {} : { error: call.error };
  // Some pages may have been granted before it failed.
  if (call.call === "grant") return { granted: call.grefs.length, ...error };
  if (call.error !== undefined) return error;
  switch (call.call) {
    case "limit":
      return { limit: call.limit! };
    case "endAccess":
      return { held: call.held };
    case "map":
      return { bytes: call.bytes! };
    case "copy":
      return { statuses: call.statuses };
    case "bindUnbound":
    case "bindInterdomain":
    case "bindVirq":
      return isPort(call.port) ? { bound: true } : { port: call.port };
    case "pending":
      return { ports: call.ports };
    default:
      return {};
  }
}

/** What of an answer is compared. */
function compared({ error, ...answer }: TraceAnswer, errno: boolean): string {
  return JSON.stringify([answer, error?.code, errno ? error?.errno : undefined]);
}

function describe(call: TraceCall, expected: TraceAnswer, got: TraceAnswer, before: TraceCall[]): Difference {
  const { line } = call;
  const shown = before.map(({ line, ...rest }) => `\n  line ${line}: ${JSON.stringify(rest)}`).join("");
  const { line: _, ...rest } = call;
  const message = `The replay differs from the recording in line ${line}: ${JSON.stringify(rest)}\n` +
    `expected ${JSON.stringify(expected)}\ngot      ${JSON.stringify(got)}` + (shown ? `\nafter${shown}` : "");
  return { line, call, expected, got, before, message };
}
