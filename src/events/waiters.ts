import { addAbortListener, reasonOf, removeAbortListener } from "../shared/signal.ts";

/** A wait for an event. */
export interface Waiter {
  /**
   * Fulfilled with the value given to {@linkcode Waiters.wake}, or with `undefined` if the wait ended without an event;
   * rejected with the signal's reason or a failure.
   */
  readonly promise: Promise<number | undefined>;
  /** Ends the wait without an event. */
  cancel(): void;
  /** Fails the wait. */
  fail(error: unknown): void;
}

interface Entry {
  wake(value: number | undefined): void;
  fail(error: unknown): void;
}

/** All waits for the same thing. They are woken together. A wait that is settled leaves the set. */
export class Waiters {
  readonly #entries = new Set<Entry>();
  readonly #onLeave: () => void;

  /** @param onLeave Called each time a wait leaves. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  /** How many are waiting. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds a wait. */
  add(signal: AbortSignal | undefined): Waiter {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const leave = (settle: () => void) => {
      if (!this.#entries.delete(entry)) return;
      settle();
      this.#onLeave();
      try {
        if (signal) removeAbortListener(signal, onAbort);
      } catch {
        // A proxy may throw anything. That must not keep the others from being woken.
      }
    };
    const entry: Entry = {
      wake: (value) => leave(() => resolve(value)),
      fail: (error) => leave(() => reject(error)),
    };
    const onAbort = () => {
      if (this.#entries.has(entry)) entry.fail(reasonOf(signal!));
    };
    if (signal) addAbortListener(signal, onAbort);
    this.#entries.add(entry);
    // A signal fires only once, and that of another library may have fired while the listener was added.
    if (signal?.aborted) onAbort();
    return { promise, cancel: () => entry.wake(undefined), fail: entry.fail };
  }

  /** Ends all waits with a value, or without an event if it is `undefined`. */
  wake(value: number | undefined): void {
    for (const entry of this.#entries) entry.wake(value);
  }

  /** Fails all waits. */
  fail(error: unknown): void {
    for (const entry of this.#entries) entry.fail(error);
  }
}
