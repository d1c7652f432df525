import { startTimer, stopTimer } from "../contract/event_loop.ts";
import { addAbortListener, removeAbortListener } from "../shared/signal.ts";

/** Waits for some milliseconds, or until a signal is aborted. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const wake = () => {
      stopTimer(timer);
      removeAbortListener(signal, wake);
      resolve();
    };
    const timer = startTimer(wake, milliseconds);
    addAbortListener(signal, wake);
  });
}
