import { nextTurn } from "../contract/event_loop.ts";
import type { StoreConnection } from "../contract/store_backend.ts";
import type { StoreOperation } from "../contract/store_errors.ts";
import { MAX_PAYLOAD, putUint32, StoreMessage } from "../contract/store_wire.ts";
import { reasonOf } from "../shared/signal.ts";
import { onAbort } from "./abort.ts";
import { Clock } from "./clock.ts";
import { Encoder } from "./encoder.ts";
import { Garbage } from "./garbage.ts";
import { ended, type Ending, failed, notSent, timedOut } from "./refusals.ts";
import { done, wordsOf } from "./replies.ts";
import { type Decode, Request } from "./request.ts";
import { Transport, type TransportTaker } from "./transport.ts";

/**
 * How many requests may be sent before the first is answered, if the backend allows as many: an unprivileged domain has
 * a quota of about 20.
 */
const MOST_IN_FLIGHT = 16;

/** Where in a header the number of the request is. */
const REQUEST_OFFSET = 4;

/** Receives the events of a watch. */
export interface EventTaker {
  /** Something happened at a path. */
  onEvent(path: string): void;
  /** There will be no more events. */
  onEnd(ending: Ending): void;
}

/** Sends requests, and gives replies and events to those whose they are. */
export class Connection implements TransportTaker {
  readonly name: string;
  /** How long the daemon may take to answer a request, in milliseconds. */
  readonly timeout: number;
  readonly #mostInFlight: number;
  readonly #encoder: Encoder;
  readonly #transport: Transport;
  readonly #clock: Clock;
  /** The requests that were sent and not answered, by number, in the order in which they were sent. */
  readonly #inFlight = new Map<number, Request>();
  /** Those that wait for their turn. */
  readonly #queue = new Set<Request>();
  /** Goes through the queue. */
  #order: IterableIterator<Request> = this.#queue.values();
  /** The tick of the clock at which the queue last moved. */
  #moved = 0;
  /** How many in the queue were posted. */
  #posted = 0;
  /** Whether the queue has not moved for too long. */
  #stalled = false;
  /** Whether the connection wants messages for the posted requests in the queue. */
  #wantsForPosted = false;
  readonly #watches = new Map<string, EventTaker>();
  /** Called when the connection ends. */
  readonly #endListeners = new Set<(ending: Ending) => void>();
  #lastId = 0;
  #lastToken = 0;
  #ending: Ending | undefined;

  /**
   * @param name The backend's name, for messages.
   * @param timeout How long the daemon may take to answer a request, in milliseconds.
   */
  constructor(connection: StoreConnection, name: string, timeout: number) {
    this.name = name;
    this.timeout = timeout;
    this.#mostInFlight = Math.min(connection.maxInFlight, MOST_IN_FLIGHT);
    this.#encoder = new Encoder(Math.min(connection.maxPayload, MAX_PAYLOAD));
    this.#transport = new Transport(connection, this);
    this.#clock = new Clock(timeout, () => this.#expire());
  }

  /** Why it has ended; `undefined` if it has not. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /**
   * Calls back when the connection ends, before any request or watch is told; at once if it has ended. Returns a
   * function that stops listening.
   */
  onEnd(listener: (ending: Ending) => void): () => void {
    if (this.#ending) listener(this.#ending);
    else this.#endListeners.add(listener);
    return () => void this.#endListeners.delete(listener);
  }

  /** How many requests nobody has answered yet. */
  get pending(): number {
    return this.#inFlight.size + this.#queue.size;
  }

  /** Begins a request: add its payload, then call {@linkcode Connection.request}. */
  begin(): Encoder {
    // The replies that this request would wait for may have arrived, while nobody wanted them. Or the connection is lost.
    // Whoever does want them gets them in a later turn.
    const isFull = this.#inFlight.size >= this.#mostInFlight && this.#queue.size === 0;
    if (isFull && !this.#transport.isWanted) this.#transport.look();
    return this.#encoder.begin(this.#transport.busy);
  }

  /**
   * Sends the request that was put together.
   *
   * @param decode Reads the reply.
   * @param signal Gives the request up, as does `other`.
   * @throws {RangeError} if it is too large.
   */
  request<Value>(
    type: number,
    transaction: number,
    operation: StoreOperation,
    path: string | undefined,
    decode: Decode<Value>,
    signal: AbortSignal | undefined,
    other?: AbortSignal | undefined,
  ): Request<Value> {
    const request = new Request(type, operation, path, decode);
    const message = this.#encoder.finish(operation, type, transaction);
    if (this.#ending) {
      request.fail(ended(request, this.#ending));
      return request;
    }
    if (signal) request.cleanUp = this.#failOnAbort(request as Request, signal);
    if (other && other !== signal) {
      const cleanUp = request.cleanUp;
      const stopListening = this.#failOnAbort(request as Request, other);
      request.cleanUp = () => {
        cleanUp?.();
        stopListening();
      };
    }
    this.#transport.want();
    this.#submit(request as Request, message);
    this.#transport.listen();
    return request;
  }

  #failOnAbort(request: Request, signal: AbortSignal): () => void {
    return onAbort(signal, () => this.#fail(request, reasonOf(signal)));
  }

  /** Sends the request that was put together. Nobody waits for its reply. */
  post(type: number, transaction: number, operation: StoreOperation): void {
    if (this.#ending) return;
    const request: Request = new Request<unknown>(type, operation, undefined, done);
    request.settled = true;
    this.#submit(request, this.#encoder.finish(operation, type, transaction));
  }

  /** Takes a request back, unless it was sent. Returns whether it was not. */
  withdraw(request: Request): boolean {
    if (request.id !== 0) return false;
    this.#fail(request, undefined);
    return true;
  }

  #submit(request: Request, message: Uint8Array<ArrayBuffer>): void {
    const { busy } = this.#transport;
    if (busy || this.#inFlight.size >= this.#mostInFlight || this.#queue.size > 0) {
      request.message = message.slice();
      request.began = this.#clock.now();
      this.#queue.add(request);
      if (request.settled) {
        this.#posted++;
        this.#balance();
        this.#transport.listen();
      }
      if (busy) nextTurn(() => this.#advance());
    } else {
      this.#send(request, message);
    }
  }

  /**
   * Wants messages while posted requests are in the queue: nobody waits for their replies, but they must be sent.
   * Does not if the queue has stalled, as a reply that never comes must not keep the program alive.
   */
  #balance(): void {
    const wants = this.#posted > 0 && !this.#stalled;
    if (wants === this.#wantsForPosted) return;
    this.#wantsForPosted = wants;
    if (wants) this.#transport.want();
    else this.#transport.unwant();
  }

  #send(request: Request, message: Uint8Array<ArrayBuffer>): void {
    // 0 is the number of events, and on old kernels that of the replies to watches.
    do this.#lastId = (this.#lastId + 1) >>> 0; while (this.#lastId === 0 || this.#inFlight.has(this.#lastId));
    const id = this.#lastId;
    putUint32(message, REQUEST_OFFSET, id);
    request.id = id;
    request.began = this.#clock.now();
    this.#inFlight.set(id, request);
    this.#transport.send(message);
  }

  /** Takes the first request out of the queue. */
  #takeFirst(): Request | undefined {
    if (this.#queue.size === 0) return undefined;
    // One iterator for many: a new one would skip the places of all that were deleted.
    let first = this.#order.next();
    if (first.done) {
      this.#order = this.#queue.values();
      first = this.#order.next();
    }
    this.#queue.delete(first.value!);
    return first.value;
  }

  /** Sends those that have waited for their turn. */
  #advance(): void {
    while (this.#inFlight.size < this.#mostInFlight) {
      const request = this.#takeFirst();
      if (request === undefined) break;
      const { message } = request;
      request.message = undefined;
      if (request.settled) this.#posted--;
      this.#moved = this.#clock.now();
      this.#send(request, message!);
      if (this.#ending) return;
    }
    this.#balance();
  }

  /** Rejects a request. Its reply is swallowed when it comes. */
  #fail(request: Request, error: unknown): void {
    if (request.fail(error)) this.#leave(request);
    this.#queue.delete(request);
  }

  #leave(request: Request): void {
    request.cleanUp?.();
    this.#transport.unwant();
  }

  /** Rejects the requests that have taken too long. Returns whether others are left. */
  #expire(): boolean {
    for (const request of this.#inFlight.values()) {
      if (request.settled) continue;
      // Those behind it began later.
      if (!this.#clock.isOver(request.began)) return true;
      this.#fail(request, timedOut(request, this.timeout));
    }
    for (const request of this.#queue) {
      // As long as the queue moves, the time in it does not count.
      if (!this.#clock.isOver(Math.max(request.began, this.#moved))) return true;
      this.#stalled = true;
      this.#balance();
      // A posted request stays, in case the daemon answers those before it after all.
      if (!request.settled) this.#fail(request, notSent(request, this.timeout));
    }
    return false;
  }

  onMessage(type: number, id: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
    if (type === StoreMessage.WATCH_EVENT) {
      const [path, token, ...others] = wordsOf(bytes, start, end);
      if (path === undefined || token === undefined || others.length > 0) throw new Garbage("an event without a token");
      // Events may come after their watch has ended.
      this.#watches.get(token)?.onEvent(path);
      return true;
    }
    const request = this.#inFlight.get(id) ?? this.#unnumbered(type, id);
    if (request === undefined) throw new Garbage(`a reply to request ${id}, which was not made`);
    if (type !== request.type && type !== StoreMessage.ERROR) {
      throw new Garbage(`a reply of type ${type} to a request of type ${request.type}`);
    }
    if (request.answer(type, bytes, start, end)) this.#leave(request);
    this.#inFlight.delete(request.id);
    this.#stalled = false;
    if (this.#queue.size > 0) this.#advance();
    return this.#ending === undefined;
  }

  /** Old kernels answer watches, one after the other, without their number. */
  #unnumbered(type: number, id: number): Request | undefined {
    if (id !== 0 || (type !== StoreMessage.WATCH && type !== StoreMessage.UNWATCH)) return undefined;
    for (const request of this.#inFlight.values()) {
      if (request.type === type) return request;
    }
    return undefined;
  }

  /** Gives a watch its token. */
  addWatch(watch: EventTaker): string {
    const token = String(++this.#lastToken);
    this.#watches.set(token, watch);
    this.#transport.openWatch();
    return token;
  }

  /** Forgets a watch. */
  removeWatch(token: string): void {
    if (this.#watches.delete(token)) this.#transport.closeWatch();
  }

  /** One more waits for an event. */
  want(): void {
    this.#transport.want();
    this.#transport.listen();
  }

  /** One fewer waits for an event. */
  unwant(): void {
    this.#transport.unwant();
  }

  onFailure(error: unknown): void {
    this.end(failed(error, this.name));
  }

  /** Ends the connection: everyone who waits is told. Does nothing if it has ended. */
  end(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#clock.stop();
    this.#transport.close();
    for (const listener of this.#endListeners) listener(ending);
    this.#endListeners.clear();
    for (const requests of [this.#inFlight, this.#queue]) {
      for (const request of requests.values()) this.#fail(request, ended(request, ending));
    }
    this.#inFlight.clear();
    for (const watch of this.#watches.values()) watch.onEnd(ending);
    this.#watches.clear();
  }
}
