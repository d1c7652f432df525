import { checkDomid, checkInteger, checkOptions, show } from "../../src/contract/checks.ts";
import type { XenDomain } from "../../src/contract/backend.ts";
import { MAX_PORT } from "../../src/contract/limits.ts";
import { type Difference, differenceAt, recordedAnswer } from "./difference.ts";
import { parseTrace } from "./parse.ts";
import { ReplaySession } from "./replay_session.ts";

/** Where a trace is replayed, and how. */
export interface ReplayOptions {
  /**
   * The domains that stand for the recorded ones, in the order in which they were recorded. Each needs the parts that
   * the trace uses.
   */
  domains: readonly Partial<XenDomain>[];
  /**
   * The number of the granter's domain in the trace. Needed only if the peer maps pages of other domains too: their
   * references stay as they are.
   */
  granter?: number | undefined;
  /**
   * The domain numbers to use in place of those in the trace, where they differ: `{ 5: 1 }` uses domain 1 in place of
   * 5.
   */
  domids?: Readonly<Record<number, number>> | undefined;
  /**
   * The ports to use in place of those of domains that are not in the trace: `{ 17: 3 }` binds to port 3 in place of
   * 17.
   */
  remotePorts?: Readonly<Record<number, number>> | undefined;
  /**
   * Has the other end of a port send an event. Called with a port of this replay on which an event arrived in the
   * recording but not here, because its sender is not in the trace. Without this function such an event is a
   * difference.
   */
  send?: ((port: number) => void) | undefined;
  /** Whether errors must have the same `errno` as well as the same code. Default is false. */
  errno?: boolean | undefined;
  /** Handlers for marks, by name: for example, one that changes the system's limit. Other marks are skipped. */
  marks?: Readonly<Record<string, (value: unknown) => void>> | undefined;
}

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
 * or domain that does not exist, or a part that its domain does not have.
 * @throws {TypeError} if the options are not an object, or one of them has the wrong type.
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
  const { domains, granter, domids = {}, remotePorts = {}, send, errno = false, marks = {} } = checkReplay(options);
  const { calls, cut } = parseTrace(trace);
  const session = new ReplaySession({ domains, granter, domids, remotePorts, send });
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
      difference = differenceAt(calls, index, recordedAnswer(call), session.call(call), errno);
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

function checkReplay(options: ReplayOptions): ReplayOptions {
  const what = "replay";
  checkOptions(what, options);
  const { domains, granter, domids, remotePorts, send } = options;
  if (!Array.isArray(domains)) {
    throw new TypeError(
      `Cannot ${what} as \`domains\` must be an array, with a domain for each recorded one: current value is ${
        show(domains)
      }`,
    );
  }
  for (const [index, domain] of domains.entries()) checkOptions(what, domain, `\`domains[${index}]\``);
  if (granter !== undefined) checkDomid(what, granter, "`granter`");
  if (domids !== undefined) {
    checkOptions(what, domids, "`domids`");
    for (const domid of Object.values(domids)) checkDomid(what, domid, "a domain of `domids`");
  }
  if (remotePorts !== undefined) {
    checkOptions(what, remotePorts, "`remotePorts`");
    for (const port of Object.values(remotePorts)) checkInteger(what, "a port of `remotePorts`", port, 0, MAX_PORT);
  }
  if (send !== undefined && typeof send !== "function") {
    throw new TypeError(`Cannot ${what} as \`send\` must be a function: current value is ${show(send)}`);
  }
  return options;
}
