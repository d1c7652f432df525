import { GrantError } from "../contract/errors.ts";
import { isError, show } from "../contract/checks.ts";
import { sentence } from "../contract/messages.ts";
import { Bell } from "./bell.ts";
import { BrokenRing } from "./broken_ring.ts";
import { VchanError, type VchanOperation } from "./errors.ts";
import type { Link } from "./link.ts";

/**
 * Why a connection has ended.
 *
 * | reason | what happened |
 * |---|---|
 * | `closed` | it was closed here |
 * | `peer-closed` | the other side has closed it, or its program has ended |
 * | `peer-gone` | the domain of the other side is gone |
 * | `protocol` | the other side broke the protocol |
 * | `failed` | the system refused what the connection needs |
 */
export type VchanEndReason = "closed" | "peer-closed" | "peer-gone" | "protocol" | "failed";

/** The end of a connection. */
export interface VchanEnding {
  /** Why it has ended. */
  readonly reason: VchanEndReason;
  /** What the system or the check of the protocol said, if there was such an error. */
  readonly cause?: unknown;
}

/** Notices the end of a domain. */
export interface DomainWatcher {
  /** Calls back when the domain is gone. Returns a function that stops that. */
  whenGone(callback: () => void): () => void;
}

/** The life of a connection: it takes the events of the channel, and knows when and why the connection has ended. */
export class Life {
  /** Wakes the call that waits for bytes. */
  readonly dataBell: Bell = new Bell();
  /** Wakes the call that waits for room. */
  readonly roomBell: Bell = new Bell();
  readonly #link: Link;
  readonly #domid: number;
  readonly #onRelease: () => void;
  readonly #closed = Promise.withResolvers<VchanEnding>();
  #ending: VchanEnding | undefined;
  #released = false;
  #events: AsyncIterableIterator<void> | undefined;
  #stopWatching: (() => void) | undefined;

  /**
   * @param domid The other domain.
   * @param onRelease Called once, when memory and channel have been given back.
   */
  constructor(link: Link, domid: number, watcher: DomainWatcher, onRelease: () => void) {
    this.#link = link;
    this.#domid = domid;
    this.#onRelease = onRelease;
    this.#listen();
    // It may be gone already.
    if (this.peerIsGone()) return;
    this.#stopWatching = watcher.whenGone(() => this.#end({ reason: "peer-gone" }));
  }

  /** Why it has ended; `undefined` as long as it has not. */
  get ending(): VchanEnding | undefined {
    return this.#ending;
  }

  /** Fulfilled when it has ended. */
  get closed(): Promise<VchanEnding> {
    return this.#closed.promise;
  }

  async #listen(): Promise<void> {
    while (this.#ending === undefined) {
      try {
        this.#events = this.#link.channel.events();
        for await (const _ of this.#events) {
          if (this.peerIsGone()) return;
          this.dataBell.ring();
          this.roomBell.ring();
        }
        if (this.#ending === undefined) throw new Error("the event channel was unbound");
      } catch (error) {
        this.#recover(error);
      }
    }
  }

  #recover(error: unknown): void {
    try {
      if (!(error instanceof GrantError && error.code === "events-lost")) throw error;
      this.#link.resetEvents();
    } catch (cause) {
      this.#end({ reason: "failed", cause });
    }
  }

  /** Whether the other side has left, or the connection has ended for another reason. */
  peerIsGone(): boolean {
    if (this.#ending !== undefined) return true;
    if (this.#link.peerIsHere()) return false;
    this.#end({ reason: "peer-closed" });
    return true;
  }

  /** Throws if nothing more can be read. */
  checkReadable(operation: VchanOperation): void {
    if (this.#released) throw this.error(operation);
  }

  /** Throws if nothing more can be written. */
  checkWritable(operation: VchanOperation): void {
    if (this.peerIsGone()) throw this.error(operation);
  }

  /**
   * Ends the connection if an error says that the other side broke the protocol, or that the system fails. Returns what
   * to throw.
   */
  failure(operation: VchanOperation, cause: unknown): unknown {
    if (cause instanceof BrokenRing) this.#end({ reason: "protocol", cause });
    // Without events, the other side would sleep for ever.
    else if (cause instanceof GrantError) this.#end({ reason: "failed", cause });
    else return cause;
    return this.error(operation);
  }

  #end(ending: VchanEnding): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#closed.resolve(ending);
    this.#stopWatching?.();
    this.#link.calm();
    void this.#events?.return?.();
    // What the other side has written before it left can still be read, unless it was joined by what another one wrote.
    if (ending.reason === "protocol" || ending.reason === "failed" || this.#link.isSpoiled()) {
      try {
        this.#release();
      } catch {
        // The reason is what counts.
      }
    }
    this.dataBell.ring();
    this.roomBell.ring();
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    try {
      this.#link.release();
    } finally {
      this.#onRelease();
    }
  }

  /** Ends it here, and gives back its memory. */
  close(): void {
    this.#end({ reason: "closed" });
    this.#release();
  }

  /** What a call fails with once it has ended. */
  error(operation: VchanOperation): VchanError {
    const ending = this.#ending!;
    const isClosedHere = this.#released && (ending.reason === "peer-closed" || ending.reason === "peer-gone");
    const { reason, cause } = isClosedHere ? { reason: "closed" as const } : ending;
    return new VchanError(`Cannot ${operation}: ${describe(reason, this.#domid, cause)}`, {
      code: reason,
      operation,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

function describe(reason: VchanEndReason, domid: number, cause: unknown): string {
  const said = isError(cause) ? cause.message : show(cause);
  switch (reason) {
    case "closed":
      return "the connection was closed here. Open another one.";
    case "peer-closed":
      return `domain ${domid} has closed the connection, or its program has ended. Open another one.`;
    case "peer-gone":
      return `domain ${domid} is gone. Connect to the domain that takes its place.`;
    case "protocol":
      return `domain ${domid} broke the protocol: ${said}. The connection has ended; open another one if you trust ` +
        "that domain.";
    case "failed":
      return sentence(`the system failed: ${said}`);
  }
}
