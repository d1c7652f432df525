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

/** Waits for all promises, whatever becomes of them, and throws the first error. */
export async function allOf<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
  for (const result of await Promise.allSettled(promises)) if (result.status === "rejected") throw result.reason;
  return await Promise.all(promises);
}

/** Waits for a promise, but not for long. */
export async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([promise, new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds))]);
  clearTimeout(timer);
}
