import { readOptions } from "../contract/options.ts";
import { addAbortListener, checkSignal, reasonOf, removeAbortListener } from "../shared/signal.ts";

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
  if (signal?.aborted) throw reasonOf(signal);
  return signal;
}

/** Listens for the abortion of a signal. Returns a function that stops listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  addAbortListener(signal, listener);
  return () => {
    try {
      removeAbortListener(signal, listener);
    } catch {
      // A proxy may throw anything. That must not keep others from what they wait for.
    }
  };
}

/** Runs a function, but gives up waiting for it when a signal is aborted. */
export async function unlessAborted<Value>(
  signal: AbortSignal | undefined,
  run: () => Promise<Value>,
): Promise<Value> {
  if (signal === undefined) return await run();
  if (signal.aborted) throw reasonOf(signal);
  const { promise, reject } = Promise.withResolvers<never>();
  const stopListening = onAbort(signal, () => reject(reasonOf(signal)));
  try {
    return await Promise.race([run(), promise]);
  } finally {
    stopListening();
  }
}
