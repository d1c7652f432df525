import { checkSignal } from "../contract/checks.ts";
import { readOptions } from "../contract/options.ts";

// A caller's signal may override its methods. Deno's `AbortSignal.timeout` needs those of AbortSignal, not of
// EventTarget.
const { addEventListener, removeEventListener } = AbortSignal.prototype;

/** How to make a request. */
export interface StoreRequestOptions {
  /** Gives the request up when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads the signal of a request.
 *
 * @param what The operation, for the message: "read".
 * @throws the signal's reason if it is aborted.
 */
export function readSignal(what: string, options: StoreRequestOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  const { signal } = readOptions(what, options, ["signal"]);
  checkSignal(what, signal);
  if (signal?.aborted) throw signal.reason;
  return signal;
}

/** Listens for the abortion of a signal. Returns a function that stops listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  addEventListener.call(signal, "abort", listener);
  return () => {
    try {
      removeEventListener.call(signal, "abort", listener);
    } catch {
      // A proxy may throw anything. That must not keep others from what they wait for.
    }
  };
}
