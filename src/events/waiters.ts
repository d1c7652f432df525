// A caller's signal may have methods of its own. Deno's `AbortSignal.timeout` lives by those of AbortSignal, not of EventTarget.
const { addEventListener, removeEventListener } = AbortSignal.prototype;

/** One who waits. */
export interface Waiter {
  /**
   * Fulfilled with what {@linkcode Waiters.wake} says, or with `undefined` where the waiting was ended without an event; rejected
   * with the reason of the signal, or with a failure.
   */
  readonly promise: Promise<number | undefined>;
  /** Ends the waiting without an event. */
  cancel(): void;
}

interface Entry {
  wake(value: number | undefined): void;
  fail(error: unknown): void;
}

/** Those who wait for the same thing. All are woken at once; whoever is settled leaves. */
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

  /** Takes one in. */
  add(signal: AbortSignal | undefined): Waiter {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const leave = (settle: () => void) => {
      if (!this.#entries.delete(entry)) return;
      settle();
      this.#onLeave();
      try {
        if (signal) removeEventListener.call(signal, "abort", onAbort);
      } catch {
        // A proxy may throw what it likes: that must not keep the others from being woken.
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

  /** Wakes all; with `undefined`, without an event. */
  wake(value: number | undefined): void {
    for (const entry of this.#entries) entry.wake(value);
  }

  /** Fails all. */
  fail(error: unknown): void {
    for (const entry of this.#entries) entry.fail(error);
  }
}
