import type { Waiter } from "./waiters.ts";

/** Where the events come from. */
interface EventSource {
  after(seen: number, signal: AbortSignal | undefined): Waiter;
}

type Result = IteratorResult<void, undefined>;

const DONE: Result = Object.freeze({ value: undefined, done: true });

/** The events of a channel, for one consumer. Unlike an async generator, it can be ended while it waits. */
export class EventIterator implements AsyncIterableIterator<void, undefined> {
  readonly #source: EventSource;
  readonly #signal: AbortSignal | undefined;
  /** The number of the last event that it has seen. */
  #seen: number;
  #waiter: Waiter | undefined;
  /** The last call of `next()`, if it has not been answered yet. */
  #last: Promise<unknown> | undefined;
  #done = false;

  constructor(source: EventSource, seen: number, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#seen = seen;
    this.#signal = signal;
  }

  /** Waits for the next event. Calls made before it has arrived are answered one after the other. */
  next(): Promise<Result> {
    const result = this.#last ? this.#last.then(() => this.#take()) : this.#take();
    const last = result.then(nothing, nothing).then(() => {
      if (this.#last === last) this.#last = undefined;
    });
    this.#last = last;
    return result;
  }

  async #take(): Promise<Result> {
    if (this.#done) return DONE;
    try {
      this.#waiter = this.#source.after(this.#seen, this.#signal);
      const seen = await this.#waiter.promise;
      if (seen === undefined) {
        this.#done = true;
        return DONE;
      }
      this.#seen = seen;
      return { value: undefined, done: false };
    } catch (error) {
      this.#done = true;
      throw error;
    } finally {
      this.#waiter = undefined;
    }
  }

  /** Ends the iteration. A pending `next()` is told that it is done. */
  return(): Promise<Result> {
    this.#done = true;
    this.#waiter?.cancel();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(nothing);
  }
}

function nothing(): void {}
