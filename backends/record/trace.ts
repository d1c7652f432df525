import { checkInteger, checkText } from "../../src/contract/checks.ts";
import type { TraceCall, TracedError } from "./trace_calls.ts";

/** The version of the format, in the first line of a trace. It changes when an older reader would misread a trace. */
export const TRACE_VERSION = 1;

/** The first line of a trace, as it is written. */
export const HEADER = JSON.stringify({ trace: "gntalloc", version: TRACE_VERSION });

/** A trace that has been read. */
export interface Trace {
  /** Its calls and marks, in order. */
  readonly calls: readonly TraceCall[];
  /** Whether its last line is incomplete: the program that wrote it was stopped. */
  readonly cut: boolean;
}

/** What a replay compares of a backend's answer. Only the fields that belong to the call are present. */
export interface TraceAnswer {
  /** Of `limit`: the number of pages, or `"Infinity"`. */
  readonly limit?: number | string;
  /** Of `grant`: how many pages were granted. Their references differ from one backend to another. */
  readonly granted?: number;
  /** Of `endAccess`: the offsets of the pages that the peer holds. */
  readonly held?: unknown;
  /** Of `map`: the size of the memory, in bytes. */
  readonly bytes?: number;
  /** Of `copy`: the status of each segment. */
  readonly statuses?: unknown;
  /** Of a call that binds: that it bound a port. Ports differ from one backend to another. */
  readonly bound?: true;
  /** Of a call that binds: the answer of a backend that breaks its contract, which is not a port. */
  readonly port?: unknown;
  /**
   * Of `pending`: the ports on which events have arrived, as the recording numbers them. An event that arrives early is
   * not a difference.
   */
  readonly ports?: unknown;
  /** Of `receive`: the messages that have arrived, with the numbers of the recording. */
  readonly messages?: unknown;
  /** The error, which is compared by its code. */
  readonly error?: TracedError;
}

/** The error for a trace that cannot be read, or that names something that does not exist. */
export class TraceError extends Error {
  /** The number of the line, from 1. */
  readonly line: number;

  /**
   * Creates an error.
   *
   * @param line The number of the line, from 1.
   * @param problem What is wrong with the line: "`page` must be a whole number: current value is -1".
   */
  constructor(line: number, problem: string) {
    const what = "create a TraceError";
    checkInteger(what, "`line`", line, 1, Number.MAX_SAFE_INTEGER);
    checkText(what, "`problem`", problem);
    super(`Cannot use the trace: in line ${line}, ${problem}`);
    this.name = "TraceError";
    this.line = line;
  }
}
