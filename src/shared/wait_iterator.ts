type Result<Value> = IteratorResult<Value, undefined>;

const DONE: Result<never> = Object.freeze({ value: undefined, done: true });

/** Iterates over what is waited for. Unlike an async generator, it can be ended while it waits. */
export class WaitIterator<Value> implements AsyncIterableIterator<Value, undefined> {
  readonly #wait: (signal: AbortSignal) => Promise<Value | null>;
  readonly #stop = new AbortController();

  /** @param wait Waits for the next value, until its signal is aborted. Returns `null` if there will be none. */
  constructor(wait: (signal: AbortSignal) => Promise<Value | null>) {
    this.#wait = wait;
  }

  async next(): Promise<Result<Value>> {
    const { signal } = this.#stop;
    if (signal.aborted) return DONE;
    try {
      const value = await this.#wait(signal);
      return value === null ? DONE : { value, done: false };
    } catch (error) {
      if (signal.aborted) return DONE;
      throw error;
    }
  }

  /** Ends the iteration. Calls of `next()` that wait are told that it is done. */
  return(): Promise<Result<Value>> {
    this.#stop.abort();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
