import type { Incoming } from "./incoming.ts";

type Chunk = Uint8Array<ArrayBuffer>;
type Result = IteratorResult<Chunk, undefined>;

const DONE: Result = Object.freeze({ value: undefined, done: true });

/** The bytes of the other side, in pieces. Unlike an async generator, it can be ended while it waits. */
export class Chunks implements AsyncIterableIterator<Chunk, undefined> {
  readonly #incoming: Incoming;
  readonly #stop = new AbortController();

  constructor(incoming: Incoming) {
    this.#incoming = incoming;
  }

  async next(): Promise<Result> {
    const { signal } = this.#stop;
    if (signal.aborted) return DONE;
    try {
      const value = await this.#incoming.chunk(signal);
      return value === null ? DONE : { value, done: false };
    } catch (error) {
      if (signal.aborted) return DONE;
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
