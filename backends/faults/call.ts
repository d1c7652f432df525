/** Which side of the shared pages a call is of: the granter's, or the peer's who maps them. */
export type FaultSide = "grants" | "maps";

/** What is asked of a backend: `notify` is `setUnmapNotify`. Both sides have `open`, `map`, `unmap` and `close`. */
export type FaultKind = "open" | "limit" | "grant" | "endAccess" | "map" | "unmap" | "notify" | "close";

/** All of them. */
export const KINDS: readonly FaultKind[] = ["open", "limit", "grant", "endAccess", "map", "unmap", "notify", "close"];

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
  /** The number of pages, where there are any. */
  readonly count?: number;
  /** The domain that may map the pages, or on the peer's side the one that granted them. */
  readonly domid?: number;
  /** The references of the pages. In `grant` those that were granted so far, and for the granter's `map` the first one. */
  readonly grefs: readonly number[];
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
