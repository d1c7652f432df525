import { startTimer, stopTimer } from "../contract/event_loop.ts";
import { reasonOf } from "../shared/signal.ts";
import { onAbort } from "./abort.ts";

/** One who waits for a turn. */
interface Waiter {
  enter(): void;
  fail(error: unknown): void;
}

/** Lets one at a time do something, in the order of the calls. */
export class Turns {
  readonly #limit: number;
  readonly #late: () => unknown;
  readonly #waiters = new Set<Waiter>();
  #taken = false;
  #timer: ReturnType<typeof startTimer> | undefined;

  /**
   * @param limit How long one turn may keep others waiting, in milliseconds.
   * @param late Makes the error of those who have waited longer.
   */
  constructor(limit: number, late: () => unknown) {
    this.#limit = limit;
    this.#late = late;
  }

  /** Waits for a turn. Whoever gets it calls {@linkcode Turns.leave} once. */
  async enter(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#taken) {
      this.#taken = true;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { enter: resolve, fail: reject };
    const stopListening = signal && onAbort(signal, () => reject(reasonOf(signal)));
    this.#waiters.add(waiter);
    if (this.#waiters.size === 1) this.#watchTime();
    try {
      await promise;
    } catch (error) {
      // Its turn may have come between the abortion and now.
      if (!this.#waiters.delete(waiter)) this.leave();
      else if (this.#waiters.size === 0) this.#stopTimer();
      throw error;
    } finally {
      stopListening?.();
    }
  }

  /** Gives the turn to the next. */
  leave(): void {
    this.#stopTimer();
    const [next] = this.#waiters;
    if (next === undefined) {
      this.#taken = false;
      return;
    }
    this.#waiters.delete(next);
    if (this.#waiters.size > 0) this.#watchTime();
    next.enter();
  }

  /** Fails everyone who waits. */
  fail(makeError: () => unknown): void {
    for (const waiter of this.#waiters) waiter.fail(makeError());
  }

  #watchTime(): void {
    this.#timer = startTimer(() => {
      this.#timer = undefined;
      this.fail(this.#late);
    }, this.#limit);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) stopTimer(this.#timer);
    this.#timer = undefined;
  }
}
