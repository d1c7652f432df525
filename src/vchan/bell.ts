import { addAbortListener, reasonOf, removeAbortListener } from "../shared/signal.ts";

/** Wakes one call that waits. */
export class Bell {
  #wake: (() => void) | undefined;

  /**
   * Waits until the bell rings.
   *
   * @throws the signal's reason if it is aborted first.
   */
  wait(signal: AbortSignal | undefined): Promise<void> {
    if (signal === undefined) return new Promise((resolve) => this.#wake = resolve);
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(reasonOf(signal));
      const onAbort = () => reject(reasonOf(signal));
      addAbortListener(signal, onAbort);
      this.#wake = () => {
        removeAbortListener(signal, onAbort);
        resolve();
      };
    });
  }

  /** Wakes the call that waits, if there is one. */
  ring(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
