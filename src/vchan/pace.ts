import { nextTurn } from "../contract/event_loop.ts";

/** How many answers may follow each other without a turn of the event loop. Each 8 KiB count as one more. */
const MOST = 512;
const BYTES = 8192;
/** How many answers a wait without sleep counts as: it has kept the program busy for longer. */
const SPUN = 8;

/** How many bytes one call moves at most before the event loop turns, however fast the other side is. */
export const MOST_AT_ONCE: number = MOST * BYTES;

const DONE: Promise<void> = Promise.resolve();

/**
 * Answers calls that need not wait. Promises that are fulfilled at once keep the event loop from turning, so that
 * timers and other connections would starve: now and then, an answer comes in a later turn.
 */
export class Pace {
  #answers = 0;
  #count: number | null = 0;
  #counted: Promise<number | null> = Promise.resolve(0);

  /** Whether the event loop has to turn before more is done. */
  get isDue(): boolean {
    return this.#answers >= MOST;
  }

  /** Answers with a value, after some bytes were moved. */
  value<Value>(value: Value, bytes: number): Promise<Value> {
    this.moved(bytes);
    return this.isDue ? this.turn().then(() => value) : Promise.resolve(value);
  }

  /** Answers how many bytes were read. Packets have one size, so that the last answer often serves again. */
  count(count: number | null): Promise<number | null> {
    this.moved(count ?? 0);
    if (this.isDue) return this.turn().then(() => count);
    if (count !== this.#count) {
      this.#count = count;
      this.#counted = Promise.resolve(count);
    }
    return this.#counted;
  }

  /** Answers that all is done. */
  done(): Promise<void> {
    return this.isDue ? this.turn() : DONE;
  }

  /** Some bytes were moved. */
  moved(bytes: number): void {
    this.#answers += 1 + (bytes / BYTES | 0);
  }

  /** A wait is over that has not slept. */
  spun(): void {
    this.#answers += SPUN;
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
}
