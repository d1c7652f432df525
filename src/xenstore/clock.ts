import { startTimer, stopTimer } from "../contract/event_loop.ts";

/** How many ticks a time limit has. */
const TICKS = 8;

/**
 * One timer for the time limits of all requests: it ticks only while there are some. A limit may take up to an eighth
 * and some milliseconds longer, and time in which the program itself was stopped does not count.
 */
export class Clock {
  readonly #period: number;
  readonly #onTick: () => boolean;
  #timer: ReturnType<typeof startTimer> | undefined;
  #ticks = 0;

  /**
   * @param limit The time limit in milliseconds.
   * @param onTick Looks for what has taken too long. Returns whether anything is left.
   */
  constructor(limit: number, onTick: () => boolean) {
    this.#period = Math.ceil(limit / TICKS);
    this.#onTick = onTick;
  }

  /** Makes sure that it ticks, and returns the current tick. */
  now(): number {
    if (this.#timer === undefined) this.#start();
    return this.#ticks;
  }

  /** Whether more than the limit has passed since a tick. */
  isOver(since: number): boolean {
    return this.#ticks - since > TICKS;
  }

  #start(): void {
    this.#timer = startTimer(() => {
      this.#ticks++;
      this.#timer = undefined;
      if (this.#onTick()) this.#start();
    }, this.#period);
    // The backend keeps the program alive while it waits for replies; the clock must not when it does not.
    (this.#timer as { unref?: () => unknown }).unref?.();
  }

  /** Stops ticking. */
  stop(): void {
    if (this.#timer !== undefined) stopTimer(this.#timer);
    this.#timer = undefined;
  }
}
