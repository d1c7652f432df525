import type { DomainPart } from "../../src/contract/backend.ts";
import type { GrantErrorCode } from "../../src/contract/errors.ts";
import type { StoreErrorCode } from "../../src/contract/store_errors.ts";

/**
 * The part of a domain that takes a call: `grants` shares pages, `maps` maps and copies pages of other domains,
 * `events` binds event channels, and `store` connects to XenStore.
 */
export type TracePart = DomainPart;

/** An error, as it is written in a trace. */
export interface TracedError {
  /** What happened. It is `backend-failed` for an error without a code, as in the library. */
  readonly code: GrantErrorCode | StoreErrorCode;
  /** The system's error number, if there was one. */
  readonly errno?: number;
  /** A message for people. It is never compared. */
  readonly message: string;
}

/** What all calls have. */
export interface RecordedCall {
  /** The number of its line in the trace, from 1. */
  readonly line: number;
  /** The part that takes it. */
  readonly part: TracePart;
  /** The error that it threw, if it did. */
  readonly error?: TracedError;
}

/** A call that opens a file. */
export interface OpenCall extends RecordedCall {
  /** The kind of call. */
  readonly call: "open";
  /** The index of the domain whose device is opened, in the order in which the domains were recorded. Default is 0. */
  readonly domain?: number;
  /** The number by which later lines name the file; absent if the call failed. */
  readonly file?: number;
}

/** A call that asks for the limit. */
export interface LimitCall extends RecordedCall {
  /** The part that takes it: only `grants` has a limit. */
  readonly part: "grants";
  /** The kind of call. */
  readonly call: "limit";
  /** The index of the domain that is asked, in the order in which the domains were recorded. Default is 0. */
  readonly domain?: number;
  /** The number of pages; `"Infinity"` if there is no limit. */
  readonly limit?: number | string;
}

/** A call of an open file. */
export interface RecordedFileCall extends RecordedCall {
  /** The number of the file. */
  readonly file: number;
}

/** A call that grants pages. */
export interface GrantCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "grants";
  /** The kind of call. */
  readonly call: "grant";
  /** The index of the first page. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** The domain that may map the pages. */
  readonly domid: number;
  /** Whether that domain may write to them. */
  readonly writable: boolean;
  /** The references of the pages that were granted, in order: fewer than `count`, or none, if the call failed. */
  readonly grefs: readonly number[];
}

/** A call that ends access to pages. */
export interface EndAccessCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "grants";
  /** The kind of call. */
  readonly call: "endAccess";
  /** The index of the first page. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** Their references. */
  readonly grefs: readonly number[];
  /** The offsets from `page` of the pages that the peer holds; anything, from a backend that breaks its contract. */
  readonly held?: unknown;
}

/** A call by which the granter maps its own pages. */
export interface GrantsMapCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "grants";
  /** The kind of call. */
  readonly call: "map";
  /** The index of the first page. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** The reference of the first page. */
  readonly gref: number;
  /** Whether the granter writes to them. */
  readonly writable: boolean;
  /** The number by which a later line names the mapping; absent if the call failed. */
  readonly mapping?: number;
  /** The size of the memory, in bytes. */
  readonly bytes?: number;
}

/** A call by which the peer maps pages. */
export interface MapsMapCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "maps";
  /** The kind of call. */
  readonly call: "map";
  /** The domain that granted all pages, or one domain for each reference. */
  readonly domid: number | readonly number[];
  /** Their references. */
  readonly grefs: readonly number[];
  /** Whether the peer writes to them. */
  readonly writable: boolean;
  /** The number by which a later line names the mapping; absent if the call failed. */
  readonly mapping?: number;
  /** The size of the memory, in bytes: of all its parts together. */
  readonly bytes?: number;
}

/** Bytes inside one granted page. */
export interface TracedPlace {
  /** The domain that granted the page. */
  readonly domid: number;
  /** Its reference. */
  readonly gref: number;
  /** The first byte in the page. */
  readonly offset: number;
}

/** A segment of a copy. An absent end is memory of the program. */
export interface TracedSegment {
  /** Where the bytes are. */
  readonly from?: TracedPlace;
  /** Where they go. */
  readonly to?: TracedPlace;
  /** The number of bytes. */
  readonly length: number;
}

/** A call by which the peer copies bytes of pages. */
export interface CopyCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "maps";
  /** The kind of call. */
  readonly call: "copy";
  /** What is copied. */
  readonly segments: readonly TracedSegment[];
  /** The status of each segment; anything, from a backend that breaks its contract. */
  readonly statuses?: unknown;
}

/** A call that ends a mapping. The mapping is gone even if the call failed. */
export interface UnmapCall extends RecordedCall {
  /** The part that mapped it. */
  readonly part: "grants" | "maps";
  /** The kind of call. */
  readonly call: "unmap";
  /** The number of the mapping. */
  readonly mapping: number;
}

/** A call that sets the unmap notify of a page. */
export interface NotifyCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "grants";
  /** The kind of call. */
  readonly call: "notify";
  /** The index of the page. */
  readonly page: number;
  /** Its reference. */
  readonly gref: number;
  /** The byte of the page to clear, if any. */
  readonly clearByte?: number;
  /** The port to send an event on, if any. */
  readonly eventPort?: number;
}

/** A call that sets the unmap notify of a mapping. */
export interface MapsNotifyCall extends RecordedCall {
  /** The part that takes it. */
  readonly part: "maps";
  /** The kind of call. */
  readonly call: "notify";
  /** The number of the mapping. */
  readonly mapping: number;
  /** The byte of the mapping to clear, if any. */
  readonly clearByte?: number;
  /** The port to send an event on, if any. */
  readonly eventPort?: number;
}

/** A call that binds a port. */
export interface BindCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "events";
  /** The kind of call. */
  readonly call: "bindUnbound" | "bindInterdomain" | "bindVirq";
  /** The domain at the other end; absent for `bindVirq`. */
  readonly domid?: number;
  /** That domain's port, for `bindInterdomain`. */
  readonly remotePort?: number;
  /** The number of the virtual interrupt, for `bindVirq`. */
  readonly virq?: number;
  /** The port, by which later lines name it; anything, from a backend that breaks its contract. */
  readonly port?: unknown;
}

/** A call that sends an event on a port, unmasks it or unbinds it. An unbound port is gone even if the call failed. */
export interface PortCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "events";
  /** The kind of call. */
  readonly call: "notify" | "unmask" | "unbind";
  /** The port. */
  readonly port: number;
}

/** A call that asks on which ports events have arrived. */
export interface PendingCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "events";
  /** The kind of call. */
  readonly call: "pending";
  /** The ports; anything, from a backend that breaks its contract. */
  readonly ports?: unknown;
}

/** A call that begins to wait for events. A later line of `pending` has the events. */
export interface WaitCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "events";
  /** The kind of call. */
  readonly call: "wait";
}

/** A call that drops the events that were not taken. */
export interface ResetCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "events";
  /** The kind of call. */
  readonly call: "reset";
}

/** A message of XenStore. */
export interface TracedMessage {
  /**
   * Its type, as Xen's `io/xs_wire.h` names it without `XS_`: `"READ"`. A number if it has no name, and `"garbage"` for
   * bytes that are no message.
   */
  readonly type: string | number;
  /** The number of the request; absent in events and garbage. */
  readonly request?: number;
  /** The number of the transaction; absent if it has none. */
  readonly transaction?: number;
  /**
   * The payload, if it is text: the strings between its NULs, the first of which is a path in most requests. If the
   * last one is empty, the payload ends with a NUL.
   */
  readonly strings?: readonly string[];
  /** The payload if it is no text, or all bytes of garbage. */
  readonly hex?: string;
}

/** A call that sends a request to XenStore. A later line of `receive` has the reply. */
export interface SendCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "store";
  /** The kind of call. */
  readonly call: "send";
  /** The request. */
  readonly message: TracedMessage;
}

/** A call that takes replies and events of XenStore. Calls that complete no message are not in a trace. */
export interface ReceiveCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "store";
  /** The kind of call. */
  readonly call: "receive";
  /** The messages that are complete with the bytes that it took; absent if the call failed. */
  readonly messages?: readonly TracedMessage[];
}

/** A call that begins to wait for replies and events of XenStore. A later line of `receive` has them. */
export interface StoreWaitCall extends RecordedFileCall {
  /** The part that takes it. */
  readonly part: "store";
  /** The kind of call. */
  readonly call: "wait";
}

/** A call that closes a file. The file is gone even if the call failed. */
export interface CloseCall extends RecordedFileCall {
  /** The kind of call. */
  readonly call: "close";
}

/** Something that the program noted in the trace. */
export interface Mark {
  /** The number of its line in the trace, from 1. */
  readonly line: number;
  /** The kind of line. */
  readonly call: "mark";
  /** What it is about. */
  readonly name: string;
  /** Anything that JSON can represent. */
  readonly value?: unknown;
}

/** A line of a trace, after the first one. */
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
  | ResetCall
  | SendCall
  | ReceiveCall
  | StoreWaitCall
  | CloseCall
  | Mark;
