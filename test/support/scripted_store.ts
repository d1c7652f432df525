/**
 * A XenStore daemon for tests of the client: it has a few nodes, and says what a test tells it to say.
 *
 * @module
 */
import { nextTurn, startTimer, stopTimer } from "../../src/contract/event_loop.ts";
import type { StoreBackend, StoreConnection } from "../../src/contract/store_backend.ts";
import { StoreError } from "../../src/contract/store_errors.ts";
import { decodeHeader, encodeMessage, HEADER_SIZE, StoreMessage } from "../../src/contract/store_wire.ts";
import { latin1 } from "./store_messages.ts";

/** A request as it was sent. */
export interface SentRequest {
  readonly type: number;
  readonly id: number;
  readonly transaction: number;
  /** The payload; each byte is a character. */
  readonly text: string;
}

/** What to answer: a payload, an error, or nothing for now. */
export type Answer = string | { readonly error: string } | undefined;

/** A backend whose daemon is a script. It has one connection at a time. */
export class ScriptedStore implements StoreBackend {
  readonly name = "scripted";
  maxPayload = 4096;
  maxInFlight = Infinity;
  /** All requests, in the order in which they came. */
  readonly sent: SentRequest[] = [];
  /** What the nodes contain; each byte is a character. */
  readonly nodes = new Map([["domid", "1"]]);
  /** Answers instead of the daemon's own, by type. */
  readonly answers = new Map<number, (request: SentRequest) => Answer>();
  /** The watched paths, by token. */
  readonly watches = new Map<string, string>();
  /** The most bytes that one call of `receive` returns. */
  chunk = Infinity;
  /** Whether the backend waits. */
  waiting = false;
  /** How often the backend has begun to wait. */
  waits = 0;
  closed = 0;
  /** Whether the daemon has gone away. */
  gone = false;
  /** The last transaction. */
  transaction = 0;
  #arrived: number[] = [];
  #callback: (() => void) | undefined;
  /** Keeps the program alive while the backend waits. */
  #alive: ReturnType<typeof startTimer> | undefined;

  /** How many bytes have arrived that nobody has taken. */
  get unread(): number {
    return this.#arrived.length;
  }

  open(): StoreConnection {
    return {
      maxPayload: this.maxPayload,
      maxInFlight: this.maxInFlight,
      send: (message) => this.#take(message),
      receive: (bytes) => this.#receive(bytes),
      whenReadable: (callback) => this.#whenReadable(callback),
      close: () => void this.closed++,
    };
  }

  /** The last request of a type. */
  last(type: number): SentRequest {
    return this.sent.findLast((request) => request.type === type)!;
  }

  /** How many requests of a type were sent. */
  count(type: number): number {
    return this.sent.filter((request) => request.type === type).length;
  }

  /** Answers a request. */
  reply({ type, id, transaction }: SentRequest, answer: NonNullable<Answer>): void {
    if (typeof answer === "string") this.push(encodeMessage(type, id, transaction, latin1(answer)));
    else this.push(encodeMessage(StoreMessage.ERROR, id, transaction, latin1(`${answer.error}\0`)));
  }

  /** Tells the watches on a path, or above it, that something has happened there. */
  fire(path: string): void {
    for (const [token, watched] of this.watches) {
      if (path === watched || path.startsWith(`${watched}/`)) this.event(path, token);
    }
  }

  /** Sends an event. Its numbers are those that Linux' device has not set. */
  event(path: string, token: string): void {
    this.push(encodeMessage(StoreMessage.WATCH_EVENT, 0xdead, 0xbeef, latin1(`${path}\0${token}\0`)));
  }

  /** Sets a node, with events. */
  set(path: string, value: string | undefined): void {
    if (value === undefined) this.nodes.delete(path);
    else this.nodes.set(path, value);
    this.fire(path);
  }

  /** Sends bytes. */
  push(bytes: Iterable<number>): void {
    this.#arrived.push(...bytes);
    this.#wake();
  }

  /** Closes the connection from the daemon's side. */
  hangUp(): void {
    this.gone = true;
    this.#wake();
  }

  #take(message: Uint8Array): void {
    const { type, request: id, transaction, length } = decodeHeader(message);
    if (length !== message.length - HEADER_SIZE) throw new Error("the length in the header is wrong");
    const request = { type, id, transaction, text: String.fromCharCode(...message.subarray(HEADER_SIZE)) };
    this.sent.push(request);
    const given = this.answers.get(type);
    const answer = given ? given(request) : this.#serve(request);
    if (answer !== undefined) this.reply(request, answer);
  }

  #serve({ type, text }: SentRequest): Answer {
    const [path = "", second = ""] = text.split("\0");
    switch (type) {
      case StoreMessage.READ:
        return this.nodes.get(path) ?? { error: "ENOENT" };
      case StoreMessage.WRITE:
        this.set(path, text.slice(path.length + 1));
        return "OK\0";
      case StoreMessage.RM:
        this.set(path, undefined);
        return "OK\0";
      case StoreMessage.WATCH:
        this.watches.set(second, path);
        // As Linux' device may do, the event comes first.
        this.event(path, second);
        return "OK\0";
      case StoreMessage.UNWATCH:
        return this.watches.delete(second) ? "OK\0" : { error: "ENOENT" };
      case StoreMessage.TRANSACTION_START:
        return `${++this.transaction}\0`;
      case StoreMessage.TRANSACTION_END:
        return "OK\0";
      default:
        return { error: "ENOSYS" };
    }
  }

  #receive(bytes: Uint8Array): number {
    const taken = this.#arrived.splice(0, Math.min(bytes.length, this.chunk));
    if (taken.length === 0 && this.gone) {
      throw new StoreError("the daemon has closed the connection.", { code: "disconnected", operation: "read" });
    }
    bytes.set(taken);
    return taken.length;
  }

  #whenReadable(callback: () => void): () => void {
    if (this.#callback) throw new Error("the backend waits already");
    this.waits++;
    this.waiting = true;
    this.#callback = callback;
    this.#alive = startTimer(() => {}, 2 ** 31 - 1);
    this.#wake();
    return () => {
      if (this.#callback === callback) this.#endWait();
    };
  }

  #endWait(): void {
    this.#callback = undefined;
    this.waiting = false;
    stopTimer(this.#alive);
  }

  #wake(): void {
    nextTurn(() => {
      const callback = this.#callback;
      if (callback === undefined || (this.#arrived.length === 0 && !this.gone)) return;
      this.#endWait();
      callback();
    });
  }
}

/** Waits until whatever has been sent has arrived. */
export async function settle(turns = 8): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => nextTurn(resolve));
}

/** The state of a promise: "waiting", "done", or the code or the value with which it was rejected. */
export async function state(promise: Promise<unknown>): Promise<unknown> {
  let result: unknown = "waiting";
  promise.then(() => result = "done", (error) => result = error instanceof StoreError ? error.code : error);
  await settle();
  return result;
}
