import type { GrantErrorCode } from "../../src/contract/errors.ts";

/** The version of the format, in a trace's first line. It changes when an older reader would misread a trace. */
export const TRACE_VERSION = 1;

/** The first line of a trace, as it is written. */
export const HEADER = JSON.stringify({ trace: "gntalloc", version: TRACE_VERSION });

/**
 * Which side a call is of: the granter's, who shares pages; the peer's, who maps and copies them; or that of event channels,
 * which either has.
 */
export type TraceSide = "grants" | "maps" | "events";

/** A failure, as a trace has it. */
export interface TracedError {
  /** What happened. What was thrown without a code is `backend-failed`, as the library has it too. */
  readonly code: GrantErrorCode;
  /** The number of the system's error, where there was one. */
  readonly errno?: number;
  /** For people: never compared. */
  readonly message: string;
}

/** What all calls have. */
export interface RecordedCall {
  /** The number of its line in the trace, from 1. */
  readonly line: number;
  /** The side it is of. */
  readonly side: TraceSide;
  /** What was thrown, if anything was. */
  readonly error?: TracedError;
}

/** A file was opened. */
export interface OpenCall extends RecordedCall {
  /** The kind of call. */
  readonly call: "open";
  /** The number by which later lines name the file; none if it failed. */
  readonly file?: number;
  /** Which of the trace's backends of event channels it is of, if not of the first: its number from 0. */
  readonly end?: number;
}

/** The limit was asked for. */
export interface LimitCall extends RecordedCall {
  /** The granter's side alone has one. */
  readonly side: "grants";
  /** The kind of call. */
  readonly call: "limit";
  /** The pages; `"Infinity"` where there is no limit. */
  readonly limit?: number | string;
}

/** A call of an open file. */
export interface RecordedFileCall extends RecordedCall {
  /** The file's number. */
  readonly file: number;
}

/** Pages were granted. */
export interface GrantCall extends RecordedFileCall {
  /** The granter's side alone grants. */
  readonly side: "grants";
  /** The kind of call. */
  readonly call: "grant";
  /** The index of the first page. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** For whom. */
  readonly domid: number;
  /** Whether that domain may write to them. */
  readonly writable: boolean;
  /** The references of the pages that were granted, in order: not all of them if it failed. */
  readonly grefs: readonly number[];
}

/** Access to pages was to end. */
export interface EndAccessCall extends RecordedFileCall {
  /** The granter's side alone ends access. */
  readonly side: "grants";
  /** The kind of call. */
  readonly call: "endAccess";
  /** The index of the first page. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** Their references. */
  readonly grefs: readonly number[];
  /** What the backend said that the peer holds: offsets from `page`, unless the backend lies. */
  readonly held?: unknown;
}

/** The granter mapped pages of its own. */
export interface GrantsMapCall extends RecordedFileCall {
  /** The granter's side. */
  readonly side: "grants";
  /** The kind of call. */
  readonly call: "map";
  /** The index of the first page. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** The reference of the first page. */
  readonly gref: number;
  /** Whether it writes to them. */
  readonly writable: boolean;
  /** The number by which a later line names the mapping; none if it failed. */
  readonly mapping?: number;
  /** The size of the memory. */
  readonly bytes?: number;
}

/** The peer mapped pages. */
export interface MapsMapCall extends RecordedFileCall {
  /** The peer's side. */
  readonly side: "maps";
  /** The kind of call. */
  readonly call: "map";
  /** Whose pages: one domain for all, or one for each reference. */
  readonly domid: number | readonly number[];
  /** Their references. */
  readonly grefs: readonly number[];
  /** Whether it writes to them. */
  readonly writable: boolean;
  /** The number by which a later line names the mapping; none if it failed. */
  readonly mapping?: number;
  /** The size of the memory, all its pieces together. */
  readonly bytes?: number;
}

/** Bytes inside one granted page. */
export interface TracedPlace {
  /** Whose page. */
  readonly domid: number;
  /** Its reference. */
  readonly gref: number;
  /** The first byte in the page. */
  readonly offset: number;
}

/** A segment of a copy: what is not there is memory of the program. */
export interface TracedSegment {
  /** Where the bytes were. */
  readonly from?: TracedPlace;
  /** Where they went. */
  readonly to?: TracedPlace;
  /** How many. */
  readonly length: number;
}

/** The peer copied bytes of pages. */
export interface CopyCall extends RecordedFileCall {
  /** The peer's side alone copies. */
  readonly side: "maps";
  /** The kind of call. */
  readonly call: "copy";
  /** What was to be copied. */
  readonly segments: readonly TracedSegment[];
  /** What the backend said of each segment: its status, unless the backend lies. */
  readonly statuses?: unknown;
}

/** A mapping ended, whether it failed or not. */
export interface UnmapCall extends RecordedCall {
  /** Whose mapping it was. */
  readonly side: "grants" | "maps";
  /** The kind of call. */
  readonly call: "unmap";
  /** The mapping's number. */
  readonly mapping: number;
}

/** What happens when access to a page ends was set. */
export interface NotifyCall extends RecordedFileCall {
  /** The granter's side alone sets it. */
  readonly side: "grants";
  /** The kind of call. */
  readonly call: "notify";
  /** The index of the page. */
  readonly page: number;
  /** Its reference. */
  readonly gref: number;
  /** The byte to clear, if any. */
  readonly clearByte?: number;
  /** The port to signal, if any. */
  readonly eventPort?: number;
}

/** What happens when a mapping of the peer's ends was set. */
export interface MapsNotifyCall extends RecordedCall {
  /** The peer's side. */
  readonly side: "maps";
  /** The kind of call. */
  readonly call: "notify";
  /** The mapping's number. */
  readonly mapping: number;
  /** The byte to clear, if any: of the mapping. */
  readonly clearByte?: number;
  /** The port to signal, if any. */
  readonly eventPort?: number;
}

/** A port was bound. */
export interface BindCall extends RecordedFileCall {
  /** Event channels alone have ports. */
  readonly side: "events";
  /** The kind of call. */
  readonly call: "bindUnbound" | "bindInterdomain" | "bindVirq";
  /** The domain at the other end: not for `bindVirq`. */
  readonly domid?: number;
  /** That domain's port: for `bindInterdomain`. */
  readonly remotePort?: number;
  /** What Xen itself sends events for: for `bindVirq`. */
  readonly virq?: number;
  /** What the backend said: the port, unless it lies. Later lines name the port by it. */
  readonly port?: unknown;
}

/** Something was done to a port: an event was sent, it was unmasked, or unbound, whether that failed or not. */
export interface PortCall extends RecordedFileCall {
  /** Event channels alone have ports. */
  readonly side: "events";
  /** The kind of call. */
  readonly call: "notify" | "unmask" | "unbind";
  /** The port. */
  readonly port: number;
}

/** It was asked on which ports events have come. */
export interface PendingCall extends RecordedFileCall {
  /** Event channels alone have ports. */
  readonly side: "events";
  /** The kind of call. */
  readonly call: "pending";
  /** What the backend said: the ports, unless it lies. */
  readonly ports?: unknown;
}

/** The program began to wait for events. When they came, a line of `pending` says. */
export interface WaitCall extends RecordedFileCall {
  /** Event channels alone have ports. */
  readonly side: "events";
  /** The kind of call. */
  readonly call: "wait";
}

/** A file was closed, whether it failed or not. */
export interface CloseCall extends RecordedFileCall {
  /** The kind of call. */
  readonly call: "close";
}

/** No call: something that the program noted in the trace. */
export interface Mark {
  /** The number of its line in the trace, from 1. */
  readonly line: number;
  /** The kind of line. */
  readonly call: "mark";
  /** What it is about. */
  readonly name: string;
  /** Anything that JSON can say. */
  readonly value?: unknown;
}

/** What one line of a trace says. */
export type TraceCall =
  | OpenCall
  | LimitCall
  | GrantCall
  | EndAccessCall
  | GrantsMapCall
  | MapsMapCall
  | CopyCall
  | UnmapCall
  | NotifyCall
  | MapsNotifyCall
  | BindCall
  | PortCall
  | PendingCall
  | WaitCall
  | CloseCall
  | Mark;

/** What is compared of a backend's answer. Only what the call answers is there. */
export interface TraceAnswer {
  /** `limit`: the pages, or `"Infinity"`. */
  readonly limit?: number | string;
  /** `grant`: how many pages were granted. Their references differ from one backend to another. */
  readonly granted?: number;
  /** `endAccess`: what the peer holds. */
  readonly held?: unknown;
  /** `map`: the size of the memory. */
  readonly bytes?: number;
  /** `copy`: what is said of each segment. */
  readonly statuses?: unknown;
  /** Whether a port was bound: their numbers differ from one backend to another. */
  readonly bound?: true;
  /** What a backend said that is no port. */
  readonly port?: unknown;
  /** `pending`: the ports on which events have come, by the numbers of the recording. What came here too early is no difference. */
  readonly ports?: unknown;
  /** What was thrown: compared by its code. */
  readonly error?: TracedError;
}

/** A trace that was read. */
export interface Trace {
  /** Its calls and marks, in order. */
  readonly calls: readonly TraceCall[];
  /** Whether its last line is incomplete: the program that wrote it was stopped. */
  readonly cut: boolean;
}

/** A trace that cannot be read, or that names what is not there. */
export class TraceError extends Error {
  /** The number of the line, from 1. */
  readonly line: number;

  /**
   * Makes an error.
   *
   * @param line The number of the line, from 1.
   * @param problem What is wrong with it: "`page` must be a whole number: current value is -1".
   */
  constructor(line: number, problem: string) {
    super(`Cannot use the trace as in line ${line} ${problem}`);
    this.name = "TraceError";
    this.line = line;
  }
}
