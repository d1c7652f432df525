import { isPort } from "./replayed_events.ts";
import type { TraceAnswer } from "./trace.ts";
import type { Mark, TraceCall } from "./trace_calls.ts";

/** The number of calls before a difference that are shown with it. */
const SHOWN = 8;

/** The first call whose answer differs from the recording. */
export interface Difference {
  /** The number of its line in the trace, from 1. */
  readonly line: number;
  /** The call, as recorded. */
  readonly call: TraceCall;
  /** The answer in the recording. */
  readonly expected: TraceAnswer;
  /** The answer here. */
  readonly got: TraceAnswer;
  /** The last calls before it, at most 8. */
  readonly before: readonly TraceCall[];
  /** All of this as text, for people. */
  readonly message: string;
}

/** The answer that a line of a trace has. */
export function recordedAnswer(call: Exclude<TraceCall, Mark>): TraceAnswer {
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
    case "receive":
      return { messages: call.messages };
    default:
      return {};
  }
}

/**
 * Compares two answers to a call.
 *
 * @param index Which call.
 * @param errno Whether error numbers must be the same too.
 * @returns What differs, if anything does.
 */
export function differenceAt(
  calls: readonly TraceCall[],
  index: number,
  expected: TraceAnswer,
  got: TraceAnswer,
  errno: boolean,
): Difference | undefined {
  if (compared(expected, errno) === compared(got, errno)) return undefined;
  const call = calls[index]!;
  const before = calls.slice(Math.max(0, index - SHOWN), index);
  const { line, ...rest } = call;
  const shown = before.map(({ line, ...rest }) => `\n  line ${line}: ${JSON.stringify(rest)}`).join("");
  const message = `The replay differs from the recording in line ${line}: ${JSON.stringify(rest)}\n` +
    `expected ${JSON.stringify(expected)}\ngot      ${JSON.stringify(got)}` + (shown ? `\nafter${shown}` : "");
  return { line, call, expected, got, before, message };
}

/** What is compared of an answer. */
function compared({ error, ...answer }: TraceAnswer, errno: boolean): string {
  return JSON.stringify([answer, error?.code, errno ? error?.errno : undefined]);
}
