// A caller's signal may override its methods. Deno's `AbortSignal.timeout` needs those of AbortSignal, not of EventTarget.
const { addEventListener, removeEventListener } = AbortSignal.prototype;

/** One who waits. */
export interface Waiter {
  /**
   * Fulfilled with the value given to {@linkcode Waiters.wake}, or with `undefined` if the waiting ended without an event; rejected with
   * the signal's reason or a failure.
   */
  readonly promise: Promise<number | undefined>;
  /** Ends the waiting without an event. */
  cancel(): void;
}

interface Entry {
  wake(value: number | undefined): void;
  fail(error: unknown): void;
}

/** All who wait for the same thing. They are woken together; whoever is settled leaves. */
export class Waiters {
  readonly #entries = new Set<Entry>();
  readonly #onLeave: () => void;

  /** @param onLeave Called each time that one leaves. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  /** How many wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds one. */
  add(signal: AbortSignal | undefined): Waiter {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const leave = (settle: () => void) => {
      if (!this.#entries.delete(entry)) return;
      settle();
      this.#onLeave();
      try {
        if (signal) removeEventListener.call(signal, "abort", onAbort);
      } catch {
        // A proxy may throw anything. That must not keep the others from being woken.
      }
    };
    const entry: Entry = {
      wake: (value) => leave(() => resolve(value)),
      fail: (error) => leave(() => reject(error)),
    };
    const onAbort = () => {
      if (this.#entries.has(entry)) entry.fail(signal!.reason);
    };
    if (signal) addEventListener.call(signal, "abort", onAbort);
    this.#entries.add(entry);
    return { promise, cancel: () => entry.wake(undefined) };
  }

  /** Wakes all; without an event if the value is `undefined`. */
  wake(value: number | undefined): void {
    for (const entry of this.#entries) entry.wake(value);
  }

  /** Fails all. */
  fail(error: unknown): void {
    for (const entry of this.#entries) entry.fail(error);
  }
}
