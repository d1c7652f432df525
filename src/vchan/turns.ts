import { addAbortListener, reasonOf, removeAbortListener } from "../shared/signal.ts";

/** Lets one call at a time do something, in the order of the calls. */
export class Turns {
  readonly #waiting = new Set<() => void>();
  #taken = false;

  /** Whether the next call has its turn at once. */
  get free(): boolean {
    return !this.#taken;
  }

  /** Takes the turn if it is free. Returns whether it was. */
  tryEnter(): boolean {
    if (this.#taken) return false;
    return this.#taken = true;
  }

  /**
   * Waits for a turn. Whoever gets it calls {@linkcode Turns.leave} once.
   *
   * @throws the signal's reason if it is aborted meanwhile.
   */
  async enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.tryEnter()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      if (this.#waiting.delete(resolve)) reject(reasonOf(signal!));
    };
    this.#waiting.add(resolve);
    if (signal) addAbortListener(signal, onAbort);
    try {
      await promise;
    } finally {
      if (signal) removeAbortListener(signal, onAbort);
    }
  }

  /** Gives the turn to the next. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken = false;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
