import { nextTurn } from "../../src/contract/event_loop.ts";

/** A wait that was not called back yet. */
interface Waiting {
  readonly callback: () => void;
  /** Stops waiting for the kernel. */
  stop: () => void;
}

/**
 * Waits until there is something to take from a file: bytes of the kernel, or something that the file has ready itself,
 * for example a reply that it made, or a failure. A file has one wait at a time.
 */
export class ReadableWait {
  readonly #whenReadable: (callback: () => void) => (() => void) | number;
  #waiting: Waiting | undefined;

  /** @param whenReadable Has the kernel wait: returns a function that stops that, or a negative errno. */
  constructor(whenReadable: (callback: () => void) => (() => void) | number) {
    this.#whenReadable = whenReadable;
  }

  /**
   * Calls back once, in a later turn of the event loop.
   *
   * @param isReady Whether there is something already, so that the kernel need not be asked.
   * @returns A function that stops the wait and may be called any number of times, or a negative errno.
   */
  begin(callback: () => void, isReady: boolean): (() => void) | number {
    const waiting: Waiting = { callback, stop: () => {} };
    if (isReady) {
      this.#callBackSoon(waiting);
    } else {
      const stop = this.#whenReadable(() => this.#callBack(waiting));
      // A wait that is already under way continues: only the new one fails.
      if (typeof stop === "number") return stop;
      waiting.stop = stop;
    }
    this.#waiting = waiting;
    return () => {
      if (this.#waiting === waiting) this.end();
    };
  }

  /** There is something now, whatever the kernel says: whoever waits is called back. */
  ready(): void {
    if (this.#waiting === undefined) return;
    this.#waiting.stop();
    this.#callBackSoon(this.#waiting);
  }

  /** Stops the wait, if there is one. */
  end(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.stop();
  }

  #callBackSoon(waiting: Waiting): void {
    nextTurn(() => this.#callBack(waiting));
  }

  #callBack(waiting: Waiting): void {
    if (this.#waiting !== waiting) return;
    this.#waiting = undefined;
    waiting.callback();
  }
}
