import { show } from "../contract/checks.ts";
import { nextTurn, startTimer, stopTimer } from "../contract/event_loop.ts";
import type { StoreConnection } from "../contract/store_backend.ts";
import { Frames, type MessageTaker } from "./frames.ts";
import { Garbage } from "./garbage.ts";

/** How often a full buffer is read in one turn of the event loop, so that a flood of events cannot stop the program. */
const READS = 16;

/** The milliseconds after which to look for events that nobody waits for. */
const DRAIN_PERIOD = 100;

/** Receives messages, or why there will be no more. */
export interface TransportTaker extends MessageTaker {
  /** The backend or the daemon failed. */
  onFailure(error: unknown): void;
}

/** One wait of the backend, and how to stop it. */
interface Wait {
  stop?: unknown;
}

/**
 * A backend's connection. The backend waits, and keeps the program alive, only while somebody here wants messages.
 *
 * A backend that calls back too often, too early, or for no reason does no harm: each wait is answered once, outside
 * any other call. If an answer brought nothing, the next wait begins in a later turn of the event loop.
 *
 * While a watch is open and nobody wants messages, it takes what has arrived from time to time, without keeping the
 * program alive. Otherwise, whoever may write to the watched node could fill the memory of the kernel or the daemon with
 * events.
 */
export class Transport {
  readonly #connection: StoreConnection;
  readonly #taker: TransportTaker;
  readonly #frames: Frames;
  /** How many want messages. */
  #wanted = 0;
  #wait: Wait | undefined;
  #pause: ReturnType<typeof startTimer> | undefined;
  /** How many watches are open. */
  #watches = 0;
  #drain: ReturnType<typeof startTimer> | undefined;
  /** Whether the backend is in the middle of a call. */
  #busy = false;
  #open = true;
  #closed = false;

  constructor(connection: StoreConnection, taker: TransportTaker) {
    this.#connection = connection;
    this.#taker = taker;
    this.#frames = new Frames(taker);
  }

  /** Whether the backend is in the middle of a call: it called back into the library, and must not be called now. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Whether anybody wants messages. */
  get isWanted(): boolean {
    return this.#wanted > 0;
  }

  /** Sends a message. A failure is told to the taker. */
  send(message: Uint8Array<ArrayBuffer>): void {
    this.#busy = true;
    try {
      this.#connection.send(message);
    } catch (error) {
      this.#busy = false;
      this.#taker.onFailure(error);
    }
    this.#end();
  }

  /** Ends a call. Closes the connection if that was asked for in the middle of it. */
  #end(): void {
    this.#busy = false;
    if (!this.#open) this.close();
  }

  /** One more wants messages: call {@linkcode Transport.listen} then. */
  want(): void {
    this.#wanted++;
  }

  /** Has the backend wait, if messages are wanted and it does not yet. */
  listen(): void {
    if (this.#wanted === 0) return;
    if (this.#wait !== undefined || this.#pause !== undefined || !this.#open) return;
    if (this.#busy) this.#startLater();
    else this.#start();
  }

  /** One fewer wants messages. After the last one, the backend stops waiting. */
  unwant(): void {
    this.#wanted--;
    if (this.#wanted > 0) return;
    this.#stop();
    if (this.#watches > 0 && this.#drain === undefined) this.#drainAfter(DRAIN_PERIOD);
  }

  /**
   * Takes what has arrived, without waiting. A failure is told to the taker.
   *
   * @returns Whether there was anything; `undefined` if it failed.
   */
  look(): boolean | undefined {
    if (this.#busy || !this.#open) return false;
    try {
      return this.#receive();
    } catch (error) {
      if (this.#open) this.#taker.onFailure(error);
      return undefined;
    }
  }

  #stop(): void {
    if (this.#pause !== undefined) stopTimer(this.#pause);
    this.#pause = undefined;
    const wait = this.#wait;
    if (wait === undefined) return;
    this.#wait = undefined;
    stop(wait);
  }

  #start(): void {
    const wait: Wait = {};
    this.#wait = wait;
    this.#busy = true;
    let failure: { error: unknown } | undefined;
    try {
      wait.stop = this.#connection.whenReadable(() => this.#onReadable(wait));
    } catch (error) {
      failure = { error };
      if (this.#wait === wait) this.#wait = undefined;
    }
    // The last one may have left in the middle of that call, when there was nothing to stop yet.
    if (this.#wait !== wait) stop(wait);
    this.#end();
    if (failure !== undefined && this.#open) this.#taker.onFailure(failure.error);
  }

  #onReadable(wait: Wait): void {
    if (this.#wait !== wait) return;
    // The backend may be in the middle of a call, perhaps of the one that began this wait.
    if (this.#busy) nextTurn(() => this.#take(wait));
    else this.#take(wait);
  }

  #take(wait: Wait): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    const news = this.look();
    if (news === undefined) return;
    // A call from within the backend's may have begun a wait, or have put it off.
    if (this.#wanted === 0 || !this.#open || this.#wait !== undefined || this.#pause !== undefined) return;
    if (news) this.#start();
    else this.#startLater();
  }

  /** One more watch is open. */
  openWatch(): void {
    if (this.#watches++ === 0 && this.#wanted === 0) this.#drainAfter(DRAIN_PERIOD);
  }

  /** One fewer watch is open. */
  closeWatch(): void {
    if (--this.#watches === 0) this.#stopDraining();
  }

  #drainAfter(time: number): void {
    if (!this.#open) return;
    // A connection that was dropped unclosed may be collected, and the backend may warn of it. Not all platforms can tell.
    const self = globalThis.WeakRef === undefined ? { deref: () => this } : new WeakRef(this);
    this.#drain = startTimer(() => {
      const transport = self.deref();
      if (transport !== undefined) transport.#drainNow();
    }, time);
    // A watch alone must not keep the program alive. Timers of browsers are numbers, and keep nothing alive.
    (this.#drain as { unref?: () => unknown }).unref?.();
  }

  #drainNow(): void {
    this.#drain = undefined;
    // Whoever wants messages takes the events, too. This begins again once nobody does.
    if (this.#wanted > 0) return;
    const isMoreLikely = this.look();
    if (isMoreLikely === undefined) return;
    // What has arrived may have led to the end of the last watch, to a new one, or to somebody who wants messages.
    if (this.#watches > 0 && this.#wanted === 0 && this.#drain === undefined) {
      this.#drainAfter(isMoreLikely ? 0 : DRAIN_PERIOD);
    }
  }

  #stopDraining(): void {
    if (this.#drain !== undefined) stopTimer(this.#drain);
    this.#drain = undefined;
  }

  #startLater(): void {
    this.#pause = startTimer(() => {
      this.#pause = undefined;
      this.#start();
    }, 0);
  }

  /** Takes what has arrived. Returns whether there was anything. */
  #receive(): boolean {
    for (let read = 0; read < READS; read++) {
      const space = this.#frames.space();
      const room = space.length;
      const count = this.#read(space);
      if (count === 0 || !this.#open) return read > 0;
      this.#frames.add(count);
      // What has arrived may have ended the connection.
      if (count < room || !this.#open) return true;
    }
    return true;
  }

  #read(space: Uint8Array<ArrayBuffer>): number {
    this.#busy = true;
    let count: unknown;
    try {
      count = this.#connection.receive(space);
    } finally {
      this.#end();
    }
    // The array has no length any more if the backend has transferred its buffer.
    if (Number.isInteger(count) && (count as number) >= 0 && (count as number) <= space.length) return count as number;
    throw new Garbage(`${show(count)} from the backend's \`receive\`, and not a number from 0 to ${space.length}`);
  }

  /** Stops waiting, and closes the connection: after the call that the backend may be in the middle of. */
  close(): void {
    this.#open = false;
    this.#stop();
    this.#stopDraining();
    if (this.#busy || this.#closed) return;
    this.#closed = true;
    try {
      this.#connection.close();
    } catch {
      // Whoever closes it needs nothing of it any more.
    }
  }
}

function stop(wait: Wait): void {
  try {
    if (typeof wait.stop === "function") wait.stop();
  } catch {
    // Nobody needs the wait any more. If it calls back anyway, that is ignored.
  }
}
