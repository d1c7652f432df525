import type { Side } from "./side.ts";
import { XenbusState } from "./xenbus_state.ts";

type Result = IteratorResult<XenbusState, undefined>;

const DONE: Result = Object.freeze({ value: undefined, done: true });

/** The states of the other side, from the current one on. Unlike an async generator, it can be ended while it waits. */
export class StateChanges implements AsyncIterableIterator<XenbusState, undefined> {
  readonly #side: Side;
  readonly #stop = new AbortController();
  /** How many looks there were when the last value was returned. */
  #looks = 0;
  #isOver = false;

  constructor(side: Side) {
    this.#side = side;
  }

  async next(): Promise<Result> {
    const { signal } = this.#stop;
    const { peerState } = this.#side;
    if (signal.aborted || this.#isOver) return DONE;
    try {
      if (peerState.looks === this.#looks) await peerState.next(signal);
    } catch (error) {
      if (signal.aborted || this.#side.closed) return DONE;
      throw error;
    }
    this.#looks = peerState.looks;
    // Nothing follows the end of the device.
    this.#isOver = peerState.value === XenbusState.Unknown;
    return { value: peerState.value, done: false };
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
