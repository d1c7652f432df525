import { StoreError } from "../contract/store_errors.ts";
import { reasonOf } from "../shared/signal.ts";
import type { XenStore } from "../xenstore/store.ts";
import type { StoreWatch } from "../xenstore/watch.ts";
import {
  allowAgain,
  areSame,
  type KeyPlace,
  type Keys,
  look,
  portNode,
  publish,
  retire,
  RETIRED,
  withdraw,
} from "./keys.ts";
import { sleep } from "./sleep.ts";
import { Turns } from "./turns.ts";

/** How long to wait before looking again when XenStore could not say what is there, in milliseconds. */
const PAUSE = 1000;

/** What a server has published. It does one thing at a time, so that a look never meets half a change of its own. */
export class Publication {
  readonly place: KeyPlace;
  readonly #store: XenStore;
  /** Ends everything but the withdrawal. */
  readonly #signal: AbortSignal;
  readonly #turns = new Turns();
  /** The keys that may be there: several after a change that was not answered. */
  #own: readonly Keys[] = [];
  readonly #made = new Set<string>();

  /** @param signal Ends everything but the withdrawal. */
  constructor(store: XenStore, place: KeyPlace, signal: AbortSignal) {
    this.#store = store;
    this.place = place;
    this.#signal = signal;
  }

  /**
   * Begins to watch what is published. Waits until the daemon does.
   *
   * @param onEnd Called if it is not this server's own any more, or if XenStore is lost.
   * @throws {StoreError} `quota` if this domain has too many watches; or as any request.
   */
  async watch(onEnd: (error: unknown) => void): Promise<void> {
    const watch = this.#store.watch(portNode(this.place.path), { signal: this.#signal });
    await watch.next();
    this.#attend(watch).catch(onEnd);
  }

  async #attend(watch: StoreWatch): Promise<void> {
    for await (const _ of watch) {
      while (!await this.#isAnswered()) await sleep(PAUSE, this.#signal);
    }
  }

  /** Looks what is there. Returns whether XenStore has said it. */
  async #isAnswered(): Promise<boolean> {
    const { path } = this.place;
    try {
      await this.#alone(async () => {
        if (this.#own.length > 0) this.#own = [await look(this.#store, path, this.#own, this.#signal)];
      });
      return true;
    } catch (error) {
      const isLost = !(error instanceof StoreError) || error.code === "disconnected" || error.code === "closed";
      if (isLost) throw error;
      return false;
    }
  }

  /** Whether keys are what is published. */
  isOf(keys: Keys): boolean {
    return this.#own.length === 1 && this.mayBeOf(keys);
  }

  /** Whether keys may be what is published. */
  mayBeOf(keys: Keys): boolean {
    return this.#own.some((own) => areSame(own, keys));
  }

  /**
   * Publishes keys.
   *
   * @throws {VchanError} `replaced` if another server has published itself since this one did.
   */
  publish(keys: Keys): Promise<void> {
    return this.#change(keys, async (before) => {
      const made = await publish(this.#store, this.place, keys, before, this.#signal);
      for (const folder of made) this.#made.add(folder);
    });
  }

  /** Makes the keys that are published useless. */
  retire(): Promise<void> {
    return this.#change(RETIRED, (before) => retire(this.#store, this.place.path, before, this.#signal));
  }

  #change(keys: Keys, change: (before: readonly Keys[]) => Promise<void>): Promise<void> {
    return this.#alone(async () => {
      const before = this.#own;
      this.#own = [...before.filter((own) => !areSame(own, keys)), keys];
      await change(before);
      this.#own = [keys];
    });
  }

  /** Gives the client's domain its rights once more. */
  allowAgain(): Promise<void> {
    return this.#alone(() => allowAgain(this.#store, this.place, this.#own, this.#signal));
  }

  /** Removes the keys, unless another server has replaced them. The signal should be aborted by then. */
  async withdraw(): Promise<void> {
    await this.#turns.enter(undefined);
    if (this.#own.length > 0) await withdraw(this.#store, this.place.path, this.#own, this.#made);
  }

  async #alone(run: () => Promise<void>): Promise<void> {
    const signal = this.#signal;
    if (signal.aborted) throw reasonOf(signal);
    await this.#turns.enter(signal);
    try {
      if (signal.aborted) throw reasonOf(signal);
      await run();
    } finally {
      this.#turns.leave();
    }
  }
}
