import { StoreMessage } from "../contract/store_wire.ts";
import { showAs } from "../shared/inspection.ts";
import { reasonOf } from "../shared/signal.ts";
import { onAbort } from "./abort.ts";
import type { Connection, EventTaker } from "./connection.ts";
import { ended, type Ending } from "./refusals.ts";
import { done } from "./replies.ts";
import type { Request } from "./request.ts";

/**
 * A watch on a node and all nodes below it. Iterate over it to learn when to look: `for await (const path of watch)`.
 *
 * Each value is the path of a node that was written, made or removed, or whose permissions were set; relative if the
 * watched path is. The first one comes at once, so that nothing is missed between looking and watching. After that, one
 * may stand for many changes, and one may come although nothing has changed: read the node after each one.
 *
 * The watch begins with the first call of `next()`. It ends when the loop does, by its signal, or by `close()`.
 */
export interface StoreWatch extends AsyncIterableIterator<string, undefined>, Disposable {
  /** The path that is watched. */
  readonly path: string;
  /** Whether the watch has ended. */
  readonly closed: boolean;
  /**
   * Waits for the next path.
   *
   * @throws {StoreError} `quota` if this domain has too many watches; `disconnected` if the connection is lost; or as
   * any request. The watch has ended then.
   */
  next(): Promise<IteratorResult<string, undefined>>;
  /** Ends the watch, like {@linkcode StoreWatch.close}. */
  return(): Promise<IteratorResult<string, undefined>>;
  /** Returns the watch itself. */
  [Symbol.asyncIterator](): StoreWatch;
  /** Ends the watch: calls of `next()` that wait are told that it is done. Does nothing if it has ended. */
  close(): void;
  /** Ends the watch, like {@linkcode StoreWatch.close}. */
  [Symbol.dispose](): void;
}

type Result = IteratorResult<string, undefined>;

/** A call of `next()` that waits. */
interface Waiter {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

const DONE: Result = Object.freeze({ value: undefined, done: true });

/** How many paths are kept until somebody takes them. If there are more, the watched path stands for all of them. */
const MOST_PATHS = 64;

/** A watch, on one connection. */
export class Watch implements StoreWatch, EventTaker {
  static {
    showAs(Watch, "StoreWatch", (watch) => ({ path: watch.#path, closed: watch.#closed }));
  }

  readonly #connection: Connection;
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  /** Paths that nobody has taken yet. */
  readonly #paths = new Set<string>();
  readonly #waiters: Waiter[] = [];
  /** What the daemon calls the watch; `undefined` before it begins. */
  #token: string | undefined;
  #request: Request | undefined;
  #closed = false;
  /** Why it has failed, until somebody was told. */
  #failure: { readonly error: unknown } | undefined;
  #stopListening: (() => void) | undefined;
  #delivering = false;
  /** Whether the connection waits for events of this watch. */
  #wants = false;

  /** @throws {TypeError} or {RangeError} if there can be no such path. */
  constructor(connection: Connection, path: string, signal: AbortSignal | undefined) {
    this.#connection = connection;
    connection.begin().path("watch", path);
    this.#path = path;
    this.#signal = signal;
  }

  get path(): string {
    return this.#path;
  }

  get closed(): boolean {
    return this.#closed;
  }

  next(): Promise<Result> {
    if (this.#token === undefined && !this.#closed) {
      try {
        this.#begin();
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#closed) return Promise.resolve(DONE);
    const result = new Promise<Result>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    if (!this.#delivering) this.#deliver();
    return result;
  }

  #begin(): void {
    const signal = this.#signal;
    if (signal?.aborted) return this.fail(reasonOf(signal));
    const { ending } = this.#connection;
    if (ending) return this.onEnd(ending);
    if (signal) this.#stopListening = onAbort(signal, () => this.fail(reasonOf(signal)));
    this.#token = this.#connection.addWatch(this);
    this.#connection.begin().path("watch", this.#path).word(this.#token);
    this.#request = this.#connection.request(StoreMessage.WATCH, 0, "watch", this.#path, done, undefined) as Request;
    this.#request.promise.catch((error) => this.fail(error));
  }

  onEvent(path: string): void {
    if (this.#paths.size >= MOST_PATHS && !this.#paths.has(path)) {
      this.#paths.clear();
      this.#paths.add(this.#path);
    } else {
      this.#paths.add(path);
    }
    if (this.#delivering || this.#waiters.length === 0) return;
    this.#delivering = true;
    // Events that have arrived together are handed over together, so that equal ones count as one.
    Promise.resolve().then(() => {
      this.#delivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    for (const path of this.#paths) {
      const waiter = this.#waiters.shift();
      if (waiter === undefined) break;
      this.#paths.delete(path);
      waiter.resolve({ value: path, done: false });
    }
    this.#balance();
  }

  /** Has the connection wait for events as long as somebody here does. */
  #balance(): void {
    const wants = this.#waiters.length > 0;
    if (wants === this.#wants) return;
    this.#wants = wants;
    if (wants) this.#connection.want();
    else this.#connection.unwant();
  }

  onEnd(ending: Ending): void {
    if (ending.code === "closed" && ending.cause === undefined) this.#end();
    else this.fail(ended({ operation: "watch", path: this.#path }, ending));
  }

  /** Ends the watch with an error, which one call of `next()` is told. */
  fail(error: unknown): void {
    if (this.#closed) return;
    const waiter = this.#waiters.shift();
    if (waiter) waiter.reject(error);
    else this.#failure = { error };
    this.#end();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening?.();
    this.#paths.clear();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE);
    this.#balance();
    if (this.#token === undefined) return;
    this.#connection.removeWatch(this.#token);
    if (this.#request?.refusal !== undefined || this.#connection.ending) return;
    // There is no request yet while the backend sends it.
    if (this.#request !== undefined && this.#connection.withdraw(this.#request)) return;
    this.#connection.begin().path("unwatch", this.#path).word(this.#token);
    this.#connection.post(StoreMessage.UNWATCH, 0, "unwatch");
  }

  return(): Promise<Result> {
    this.close();
    return Promise.resolve(DONE);
  }

  close(): void {
    this.#failure = undefined;
    this.#end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
