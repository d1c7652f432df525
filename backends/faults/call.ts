import { checkInteger, checkOptions, checkText } from "../../src/contract/checks.ts";
import type { DomainPart } from "../../src/contract/backend.ts";
import type { StoreRequest } from "../../src/contract/store_operations.ts";

/**
 * The part of a domain that takes a call: `grants` shares pages, `maps` maps and copies pages of other domains,
 * `events` binds event channels, and `store` connects to XenStore.
 */
export type FaultPart = DomainPart;

/** A request to XenStore, as the `operation` of a `StoreError` names it. */
export type FaultRequest = StoreRequest;

/**
 * A kind of call. Some kinds occur in several parts: a rule applies to all of these unless it names one.
 *
 * | kind | parts | the call |
 * |---|---|---|
 * | `open`, `close` | all | opens or closes a file |
 * | `limit`, `grant`, `endAccess` | `grants` | the method of that name |
 * | `map`, `unmap` | `grants`, `maps` | the method of that name |
 * | `notify` | `grants`, `maps` | `setUnmapNotify` of a page or of a mapping |
 * | `notify` | `events` | sends an event |
 * | `copy` | `maps` | the method of that name |
 * | `bind` | `events` | `bindUnbound`, `bindInterdomain` and `bindVirq` |
 * | `pending`, `unmask`, `reset`, `unbind` | `events` | the method of that name |
 * | `wait` | `events`, `store` | `whenPending` of an event file, `whenReadable` of a connection |
 * | `send`, `receive` | `store` | sends a request, or takes bytes of replies and events |
 */
export type FaultKind =
  | "open"
  | "limit"
  | "grant"
  | "endAccess"
  | "map"
  | "copy"
  | "unmap"
  | "notify"
  | "bind"
  | "pending"
  | "wait"
  | "unmask"
  | "reset"
  | "unbind"
  | "send"
  | "receive"
  | "close";

/** The kinds of calls that each part has. */
export const KINDS: Readonly<Record<FaultPart, readonly FaultKind[]>> = {
  grants: ["open", "limit", "grant", "endAccess", "map", "unmap", "notify", "close"],
  maps: ["open", "map", "copy", "unmap", "notify", "close"],
  events: ["open", "bind", "notify", "pending", "wait", "unmask", "reset", "unbind", "close"],
  store: ["open", "send", "receive", "wait", "close"],
};

/** The parts. */
export const PARTS = Object.keys(KINDS) as readonly FaultPart[];

/** A call that a backend receives. */
export interface FaultCall {
  /** The part that takes it. */
  readonly part: FaultPart;
  /** The kind of call. */
  readonly kind: FaultKind;
  /** Its number among the calls of this kind in this part, from 1. */
  readonly number: number;
  /** The index of the first page, in calls of the granter that name pages. */
  readonly page?: number;
  /** The number of pages, or of the segments of a copy. */
  readonly count?: number;
  /** The domain that may map the pages, that granted all of them, or that has the other end of an event channel. */
  readonly domid?: number;
  /**
   * The references of the pages. A `grant` has those granted so far, a `map` of the granter has only the first one, and
   * a copy has those of all its segments in order.
   */
  readonly grefs: readonly number[];
  /** The port of this domain, in calls of event channels that name one. */
  readonly port?: number;
  /** The other domain's port, in `bindInterdomain`. */
  readonly remotePort?: number;
  /** The number of the virtual interrupt, in `bindVirq`. */
  readonly virq?: number;
  /** What a request to XenStore asks for, in `send`. */
  readonly operation?: FaultRequest;
  /** The path that the request names, in `send`. */
  readonly path?: string;
}

/** A call, before it is counted. */
export type CallInfo = Omit<FaultCall, "number">;

/** The error that a fault throws unless another one is given. */
export class InjectedFault extends Error {
  /** The call that was made to fail. */
  readonly call: FaultCall;

  /**
   * Creates an error.
   *
   * @param call The call that is made to fail.
   */
  constructor(call: FaultCall) {
    const what = "create an InjectedFault";
    checkOptions(what, call, "`call`");
    checkInteger(what, "`number` of the call", call.number, 1, Number.MAX_SAFE_INTEGER);
    for (const name of ["kind", "part"] as const) checkText(what, `\`${name}\` of the call`, call[name]);
    super(`a fault was injected into call ${call.number} of \`${call.kind}\` in the part \`${call.part}\``);
    this.name = "InjectedFault";
    this.call = call;
  }
}
