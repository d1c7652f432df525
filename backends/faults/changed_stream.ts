import { nextTurn, startTimer, stopTimer } from "../../src/contract/event_loop.ts";
import type { StoreConnection } from "../../src/contract/backend.ts";
import { StoreError } from "../../src/contract/store_errors.ts";
import {
  decodeHeader,
  encodeMessage,
  encodeRefusal,
  HEADER_SIZE,
  StoreMessage,
} from "../../src/contract/store_wire.ts";
import { MessageCutter } from "../intercept/message_cutter.ts";
import type { ReplyChange } from "./reply.ts";
import type { SentRequest } from "./sent_request.ts";
import type { Split } from "./split.ts";

/** How many bytes are taken from the inner connection at once. */
const PIECE = 8192;

/** A call of `whenReadable` that was not called back. */
interface Waiting {
  readonly callback: () => void;
  /** Stops the wait of the inner connection. */
  stop?: () => void;
}

/** The replies and events of an inner connection, changed as rules say. While none applies, they pass as they are. */
export class ChangedStream {
  readonly #inner: StoreConnection;
  readonly #splits: ReadonlySet<Split>;
  readonly #cutter = new MessageCutter();
  /** How many bytes of the message that the cutter holds were given out. */
  #passed = 0;
  /** Bytes that are to be given out. */
  readonly #ready: Uint8Array[] = [];
  /** Messages that wait for the end of the one that was given out in part. */
  readonly #behind: Uint8Array[] = [];
  /** The rules for replies that have not come, by the number of the request. */
  readonly #changes = new Map<number, ReplyChange>();
  readonly #delayed = new Set<ReturnType<typeof startTimer>>();
  /** What to throw when all bytes were given out. */
  #failure: { readonly error: unknown } | undefined;
  /** Whether a rule has lost the connection. */
  #isLost = false;
  /** Whether a piece was given out, and the next one has not arrived. */
  #isBetweenPieces = false;
  #waiting: Waiting | undefined;

  constructor(inner: StoreConnection, splits: ReadonlySet<Split>) {
    this.#inner = inner;
    this.#splits = splits;
  }

  /**
   * Sends a request.
   *
   * @param change The rule for its reply, if there is one.
   */
  send(message: Uint8Array<ArrayBuffer>, { header }: SentRequest, change: ReplyChange | undefined): void {
    if (this.#isLost) throw lost();
    if (change === undefined || header === undefined) return this.#inner.send(message);
    const { type, request } = header;
    const isEnd = type === StoreMessage.TRANSACTION_END;
    if (change.error !== undefined && !isEnd) return this.#add(encodeRefusal(change.error, header));
    this.#changes.set(request, change);
    try {
      this.#inner.send(change.error === undefined ? message : abortOf(message));
    } catch (error) {
      this.#changes.delete(request);
      throw error;
    }
  }

  /** Takes bytes that have arrived. */
  receive(bytes: Uint8Array<ArrayBuffer>): number {
    const size = Math.min(...Array.from(this.#splits, (split) => split.size));
    if (bytes.length === 0 || size === Infinity) return this.#take(bytes);
    this.#isBetweenPieces = !this.#isBetweenPieces;
    if (!this.#isBetweenPieces) return 0;
    const taken = this.#take(bytes.subarray(0, size));
    this.#isBetweenPieces = taken > 0;
    if (taken > 0) { for (const split of this.#splits) split.fired++; }
    return taken;
  }

  #take(bytes: Uint8Array<ArrayBuffer>): number {
    const isUnchanged = this.#ready.length + this.#behind.length + this.#changes.size === 0 &&
      this.#failure === undefined && this.#cutter.held === this.#passed;
    if (bytes.length === 0 || isUnchanged) {
      // Returned as it is, even if it breaks the contract: the caller is the one to refuse it.
      const count = this.#inner.receive(bytes);
      if (isCount(count, bytes)) this.#cutter.add(bytes.subarray(0, count));
      this.#passed = this.#cutter.held;
      return count;
    }
    this.#takeAll();
    return this.#give(bytes);
  }

  /** Takes all that has arrived from the inner connection, and changes it. */
  #takeAll(): void {
    const piece = new Uint8Array(PIECE);
    try {
      while (this.#failure === undefined) {
        const count = this.#inner.receive(piece);
        if (!isCount(count, piece)) return;
        for (const message of this.#cutter.add(piece.subarray(0, count))) {
          if (this.#failure !== undefined) return;
          // A message that was begun before is not the reply to a request that was sent later.
          if (this.#passed > 0) this.#ready.push(message.subarray(this.#passed), ...this.#behind.splice(0));
          else this.#change(message);
          this.#passed = 0;
        }
      }
    } catch (error) {
      this.#failure = { error };
    }
  }

  #change(message: Uint8Array<ArrayBuffer>): void {
    const change = this.#takeChange(message);
    if (change === undefined) this.#ready.push(message);
    else if (change.bytes !== undefined) this.#ready.push(change.bytes);
    else if (change.delay !== undefined) this.#delay(message, change.delay);
    else if (change.error === undefined) this.#lose();
    else this.#ready.push(encodeRefusal(change.error, decodeHeader(message)));
  }

  #takeChange(message: Uint8Array<ArrayBuffer>): ReplyChange | undefined {
    if (message.length < HEADER_SIZE) return undefined;
    const { type, request } = decodeHeader(message);
    if (type === StoreMessage.WATCH_EVENT) return undefined;
    const change = this.#changes.get(request);
    this.#changes.delete(request);
    return change;
  }

  #delay(message: Uint8Array, delay: number): void {
    if (delay === Infinity) return;
    const timer = startTimer(() => {
      this.#delayed.delete(timer);
      this.#add(message);
    }, delay);
    this.#delayed.add(timer);
  }

  #give(bytes: Uint8Array): number {
    let size = 0;
    for (let next; size < bytes.length && (next = this.#ready.shift()) !== undefined;) {
      const part = next.subarray(0, bytes.length - size);
      bytes.set(part, size);
      size += part.length;
      if (part.length < next.length) this.#ready.unshift(next.subarray(part.length));
    }
    if (size === 0 && this.#failure !== undefined) throw this.#failure.error;
    return size;
  }

  /** Gives bytes out again that the caller was not told of. */
  putBack(bytes: Uint8Array): void {
    this.#isBetweenPieces = false;
    this.#ready.unshift(bytes.slice());
  }

  #add(message: Uint8Array): void {
    if (this.#passed > 0) {
      this.#behind.push(message);
    } else {
      this.#ready.push(message);
      this.#wake();
    }
  }

  /** Loses the connection: what has arrived can still be taken, as from a socket whose other end was closed. */
  disconnect(): void {
    this.#takeAll();
    this.#lose();
  }

  #lose(): void {
    this.#isLost = true;
    this.#failure ??= { error: lost() };
    this.#stopTimers();
    this.#wake();
  }

  /** Calls back once, as soon as bytes may be taken. */
  whenReadable(callback: () => void): () => void {
    this.#isBetweenPieces = false;
    const waiting: Waiting = { callback };
    this.#waiting = waiting;
    if (this.#ready.length > 0 || this.#failure !== undefined) {
      this.#wake();
    } else {
      const stop: unknown = this.#inner.whenReadable(() => this.#callBack(waiting));
      // Returned as it is: the caller is the one to refuse it.
      if (typeof stop !== "function") return stop as () => void;
      waiting.stop = () => stop();
    }
    return () => {
      if (this.#waiting !== waiting) return;
      this.#waiting = undefined;
      waiting.stop?.();
    };
  }

  #callBack(waiting: Waiting): void {
    if (this.#waiting !== waiting) return;
    this.#waiting = undefined;
    waiting.callback();
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    waiting.stop?.();
    delete waiting.stop;
    nextTurn(() => this.#callBack(waiting));
  }

  /** Nothing arrives any more, because the connection was closed. */
  end(): void {
    this.#waiting = undefined;
    this.#stopTimers();
  }

  #stopTimers(): void {
    for (const timer of this.#delayed) stopTimer(timer);
    this.#delayed.clear();
  }
}

/** Whether a value can be the number of bytes that were taken, and is not 0. */
function isCount(count: unknown, bytes: Uint8Array): boolean {
  return Number.isInteger(count) && (count as number) > 0 && (count as number) <= bytes.length;
}

/** The request that aborts a transaction, in place of one that ends it. */
function abortOf(message: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { type, request, transaction } = decodeHeader(message);
  return encodeMessage(type, request, transaction, new TextEncoder().encode("F\0"));
}

function lost(): StoreError {
  return new StoreError("the daemon has closed the connection, by an injected fault.", {
    code: "disconnected",
    operation: "wait",
  });
}
