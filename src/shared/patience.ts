import { checkInteger } from "../contract/checks.ts";
import { LONGEST_DELAY, startProgramTimer } from "../contract/event_loop.ts";
import { addAbortListener, checkSignal, reasonOf, removeAbortListener } from "./signal.ts";

/** How long to wait at most. */
interface Bounds {
  readonly signal?: AbortSignal | undefined;
  readonly timeout?: number | undefined;
}

/** How long a call waits: until its caller's signal is aborted, or its time is over. */
export class Patience {
  readonly #ended = new AbortController();
  readonly #stop: (() => void)[] = [];

  /**
   * Begins to wait.
   *
   * @param what The operation, for messages: "connect".
   * @param late Makes the error for when the time is over.
   * @throws the signal's reason if it is aborted.
   */
  constructor(what: string, { signal, timeout = Infinity }: Bounds, late: (timeout: number) => unknown) {
    checkSignal(what, signal);
    if (timeout !== Infinity) checkInteger(what, "`timeout`", timeout, 0, LONGEST_DELAY);
    if (signal?.aborted) throw reasonOf(signal);
    if (signal) {
      const onAbort = () => this.#ended.abort(reasonOf(signal));
      addAbortListener(signal, onAbort);
      this.#stop.push(() => removeAbortListener(signal, onAbort));
    }
    if (timeout !== Infinity) this.#stop.push(startProgramTimer(() => this.#ended.abort(late(timeout)), timeout));
  }

  /** Aborted when the waiting is over, with the error to throw. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Stops the timer, and listens no more. */
  release(): void {
    for (const stop of this.#stop) stop();
  }
}
