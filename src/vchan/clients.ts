import type { VchanWaitOptions } from "./patience.ts";
import type { Vchan } from "./vchan.ts";

type Result = IteratorResult<Vchan, undefined>;

const DONE: Result = Object.freeze({ value: undefined, done: true });

/** Where clients come from. */
interface Acceptor {
  readonly closed: boolean;
  accept(options: VchanWaitOptions): Promise<Vchan>;
}

/** The clients of a server. Unlike an async generator, it can be ended while it waits. */
export class Clients implements AsyncIterableIterator<Vchan, undefined> {
  readonly #server: Acceptor;
  readonly #prepare: () => void;
  readonly #stop = new AbortController();

  /** @param prepare Has the server prepare for another client, while the one that has come is handled. */
  constructor(server: Acceptor, prepare: () => void) {
    this.#server = server;
    this.#prepare = prepare;
  }

  async next(): Promise<Result> {
    const { signal } = this.#stop;
    if (signal.aborted || this.#server.closed) return DONE;
    try {
      const value = await this.#server.accept({ signal });
      this.#prepare();
      return { value, done: false };
    } catch (error) {
      if (signal.aborted || this.#server.closed) return DONE;
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
