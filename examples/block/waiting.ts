/** Waits for a promise, unless a signal is aborted. What becomes of the promise then is nobody's concern. */
export async function abortable<Value>(signal: AbortSignal | undefined, promise: Promise<Value>): Promise<Value> {
  if (signal === undefined) return await promise;
  promise.catch(() => {});
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Waits for all statuses, whatever becomes of them, and returns the worst. Throws the first error. */
export async function worstOf(statuses: readonly Promise<number>[]): Promise<number> {
  let worst = 0;
  for (const result of await Promise.allSettled(statuses)) {
    if (result.status === "rejected") throw result.reason;
    worst = Math.min(worst, result.value);
  }
  return worst;
}

/** Waits for a promise, but no longer than a time limit, which may be `Infinity`. */
export async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  // A timer takes no more than 2^31 - 1.
  if (milliseconds === Infinity) return void await promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([promise, new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds))]);
  clearTimeout(timer);
}
