/**
 * Which side a call is of: the granter's, who shares pages; the peer's, who maps and copies them; or that of event channels,
 * which either has.
 */
export type FaultSide = "grants" | "maps" | "events";

/**
 * What is asked of a backend. Where sides have the same kind, a rule is for all of them unless it names one.
 *
 * | kind | sides | the call |
 * |---|---|---|
 * | `open`, `close` | all | of a file |
 * | `limit`, `grant`, `endAccess` | `grants` | |
 * | `map`, `unmap` | `grants`, `maps` | |
 * | `notify` | `grants`, `maps` | `setUnmapNotify`, of a page or of a mapping |
 * | `notify` | `events` | sends an event |
 * | `copy` | `maps` | |
 * | `bind` | `events` | `bindUnbound`, `bindInterdomain` and `bindVirq` |
 * | `pending`, `unmask`, `unbind` | `events` | |
 * | `wait` | `events` | `whenPending` |
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
  | "unbind"
  | "close";

/** The kinds of calls that each side has. */
export const KINDS: Readonly<Record<FaultSide, readonly FaultKind[]>> = {
  grants: ["open", "limit", "grant", "endAccess", "map", "unmap", "notify", "close"],
  maps: ["open", "map", "copy", "unmap", "notify", "close"],
  events: ["open", "bind", "notify", "pending", "wait", "unmask", "unbind", "close"],
};

/** The sides. */
export const SIDES = Object.keys(KINDS) as readonly FaultSide[];

/** A call of a backend that is under way. */
export interface FaultCall {
  /** The side it is of. */
  readonly side: FaultSide;
  /** What is asked. */
  readonly kind: FaultKind;
  /** How many calls of this kind there were on this side, with this one. */
  readonly number: number;
  /** The index of the first page, where the granter's side names pages. */
  readonly page?: number;
  /** The number of pages, or of a copy's segments, where there are any. */
  readonly count?: number;
  /** The domain that may map the pages, the one that granted all of them, or the one at the other end of an event channel. */
  readonly domid?: number;
  /**
   * The references of the pages. In `grant` those that were granted so far, for the granter's `map` the first one, and for a
   * copy those of all its segments in order.
   */
  readonly grefs: readonly number[];
  /** The port of this domain, where the calls of event channels name one. */
  readonly port?: number;
  /** The other domain's port, in `bindInterdomain`. */
  readonly remotePort?: number;
  /** What Xen itself sends events for, in `bindVirq`. */
  readonly virq?: number;
}

/** A call, before it is counted. */
export type Asked = Omit<FaultCall, "number">;

/** What is thrown where a fault has no other error. */
export class InjectedFault extends Error {
  /** The call that was made to fail. */
  readonly call: FaultCall;

  /**
   * Makes an error.
   *
   * @param call The call that is made to fail.
   */
  constructor(call: FaultCall) {
    super(`a fault was injected into call ${call.number} of \`${call.kind}\` on the side \`${call.side}\``);
    this.name = "InjectedFault";
    this.call = call;
  }
}
