import { nextTurn } from "../contract/event_loop.ts";

/** How many answers may follow each other without a turn of the event loop. Each 8 KiB count as one more. */
const MOST = 512;
const BYTES = 8192;

/** How many bytes one call moves at most before the event loop turns, however fast the other side is. */
export const MOST_AT_ONCE: number = MOST * BYTES;

const DONE: Promise<void> = Promise.resolve();

/**
 * Answers calls that need not wait. Promises that are fulfilled at once keep the event loop from turning, so that timers
 * and other connections would starve: now and then, an answer comes in a later turn.
 */
export class Pace {
  #answers = 0;

  /** Answers with a value, after some bytes were moved. */
  value<Value>(value: Value, bytes: number): Promise<Value> {
    if (!this.#isDue(bytes)) return Promise.resolve(value);
    return new Promise((resolve) => nextTurn(() => resolve(value)));
  }

  /** Answers that all is done, after some bytes were moved. */
  done(bytes: number): Promise<void> {
    return this.#isDue(bytes) ? this.turn() : DONE;
  }

  /** Lets the event loop turn. */
  turn(): Promise<void> {
    this.#answers = 0;
    return new Promise(nextTurn);
  }

  /** The event loop has turned. */
  turned(): void {
    this.#answers = 0;
  }

  #isDue(bytes: number): boolean {
    this.#answers += 1 + Math.floor(bytes / BYTES);
    if (this.#answers < MOST) return false;
    this.#answers = 0;
    return true;
  }
}
