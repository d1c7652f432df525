import { ArgumentTypeError } from "../contract/argument_error.ts";
import { checkInteger, show } from "../contract/checks.ts";
import { LONGEST_DELAY, startProgramTimer } from "../contract/event_loop.ts";
import { isPlainObject, readOptions } from "../contract/options.ts";
import { checkSignal, reasonOf } from "../shared/signal.ts";
import { isStoreError, StoreError } from "../contract/store_errors.ts";
import { onAbort, unlessAborted } from "./abort.ts";
import type { Connection } from "./connection.ts";
import type { Nodes } from "./nodes.ts";
import { ended } from "./refusals.ts";
import { describe } from "./subject.ts";
import { Watch } from "./watch.ts";

/** How to wait for a node. */
export interface StoreWaitOptions {
  /** Ends the waiting when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * How long to wait, in milliseconds: a whole number from 0 to 2,147,483,647, or `Infinity` for no limit. The timer
   * is the program's own: fake timers of a test framework control it.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
}

/** What is said when the time is over. */
interface Late {
  what: string;
  wayOut: string;
}

/** Looks at a node. Returns `undefined` if that is not what is waited for. */
type Look<Value> = (signal: AbortSignal) => Promise<Value | undefined>;

/** Waits until a node has a value that a predicate accepts. */
export async function waitForValue(
  connection: Connection,
  nodes: Nodes,
  path: string,
  predicate: ((text: string) => boolean | Promise<boolean>) | undefined,
  options: StoreWaitOptions | undefined,
): Promise<string> {
  if (predicate !== undefined && typeof predicate !== "function") {
    const hint = options === undefined && isPlainObject(predicate) ? ". Options are the third argument" : "";
    throw new ArgumentTypeError(
      `Cannot wait as \`predicate\` must be a function: current value is ${show(predicate)}${hint}`,
    );
  }
  const late: Late = {
    what: "it was not there, or not readable,",
    wayOut: "See whether the other side runs and has given this domain the right to read",
  };
  return await wait(connection, path, options, late, async (signal) => {
    const text = await ifThere(nodes.readText(path, { signal }));
    if (text === undefined || predicate === undefined) return text;
    late.what = "`predicate` did not accept its value";
    late.wayOut = "See what the other side has written";
    return await predicate(text) ? text : undefined;
  });
}

/** Waits until a node is not there or cannot be read. */
export async function waitForRemoval(
  connection: Connection,
  nodes: Nodes,
  path: string,
  options: StoreWaitOptions | undefined,
): Promise<void> {
  const late: Late = { what: "it was still there", wayOut: "See whether the other side has ended" };
  await wait(connection, path, options, late, async (signal) => {
    return await ifThere(nodes.read(path, { signal })) === undefined ? true : undefined;
  });
}

/** Looks at a node, and again whenever it may have changed, until the look finds something. */
async function wait<Value>(
  connection: Connection,
  path: string,
  options: StoreWaitOptions | undefined,
  late: Late,
  look: Look<Value>,
): Promise<Value> {
  const { signal, timeout = Infinity } = readOptions("wait", options, ["signal", "timeout"]);
  checkSignal("wait", signal);
  if (timeout !== Infinity) checkInteger("wait", "`timeout`", timeout, 0, LONGEST_DELAY);
  if (signal?.aborted) throw reasonOf(signal);
  // Ends the watch, the reads and the wait for the predicate, whatever the reason.
  const stop = new AbortController();
  const watch = new Watch(connection, path, stop.signal);
  const stopListening = signal && onAbort(signal, () => stop.abort(reasonOf(signal)));
  const stopWatchingEnd = connection.onEnd((ending) => stop.abort(ended({ operation: "wait", path }, ending)));
  const stopTimer = timeout === Infinity
    ? undefined
    : startProgramTimer(() => stop.abort(timedOut(path, timeout, late)), timeout);
  // While the predicate runs, too: so that a lost connection is noticed, and the program stays alive.
  connection.want();
  try {
    while (true) {
      await watch.next();
      const found = await unlessAborted(stop.signal, () => look(stop.signal));
      if (found !== undefined) return found;
    }
  } finally {
    stopTimer?.();
    stopListening?.();
    stopWatchingEnd();
    connection.unwant();
    watch[Symbol.dispose]();
  }
}

/** What was read; `undefined` if it is not there, or not for this domain: a daemon says that of a node to come, too. */
async function ifThere<Value>(read: Promise<Value>): Promise<Value | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isStoreError(error, "not-found", "denied")) return undefined;
    throw error;
  }
}

function timedOut(path: string, timeout: number, { what, wayOut }: Late): StoreError {
  const subject = { operation: "wait", path } as const;
  return new StoreError(
    `Cannot ${describe(subject)}: ${what} after ${timeout} ms. ${wayOut}, or raise \`timeout\`.`,
    { code: "timed-out", ...subject },
  );
}
