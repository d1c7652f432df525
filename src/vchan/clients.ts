import type { VchanWaitOptions } from "./options.ts";
import type { Vchan } from "./vchan.ts";

type Result = IteratorResult<Vchan, undefined>;

const DONE: Result = Object.freeze({ value: undefined, done: true });

/** The clients of a server. Unlike an async generator, it can be ended while it waits. */
export class Clients implements AsyncIterableIterator<Vchan, undefined> {
  readonly #accept: (options: VchanWaitOptions) => Promise<Vchan>;
  readonly #isClosed: () => boolean;
  readonly #stop = new AbortController();

  /**
   * @param accept Waits for a client.
   * @param isClosed Whether the server was closed.
   */
  constructor(accept: (options: VchanWaitOptions) => Promise<Vchan>, isClosed: () => boolean) {
    this.#accept = accept;
    this.#isClosed = isClosed;
  }

  async next(): Promise<Result> {
    const { signal } = this.#stop;
    if (signal.aborted || this.#isClosed()) return DONE;
    try {
      return { value: await this.#accept({ signal }), done: false };
    } catch (error) {
      if (signal.aborted || this.#isClosed()) return DONE;
      throw error;
    }
  }

  /** Ends the iteration. Calls of `next()` that wait are told that it is done. */
  return(): Promise<Result> {
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
