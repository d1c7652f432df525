import { addAbortListener, reasonOf, removeAbortListener } from "../shared/signal.ts";
import type { XenStore } from "../xenstore/store.ts";
import type { DeviceNodes } from "./device_nodes.ts";
import { stateOf, XenbusState } from "./xenbus_state.ts";

/** Is told of each look at the state, or that there will be no other one. */
interface Listener {
  onLook(state: XenbusState): void;
  onFailure(error: unknown): void;
}

/** Follows the state of the other side, by a watch. */
export class PeerState {
  readonly #store: XenStore;
  readonly #nodes: DeviceNodes;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<Listener>();
  #state: XenbusState = XenbusState.Unknown;
  #looks = 0;
  #failure: { readonly error: unknown } | undefined;

  /** @param nodes The nodes of the other side. */
  constructor(store: XenStore, nodes: DeviceNodes) {
    this.#store = store;
    this.#nodes = nodes;
    this.#follow();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const _ of this.#store.watch(`${this.#nodes.path}/state`, { signal })) {
        this.#state = stateOf(await this.#nodes.text("state", { signal }));
        this.#looks++;
        for (const listener of [...this.#listeners]) listener.onLook(this.#state);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    for (const listener of [...this.#listeners]) listener.onFailure(error);
  }

  /** The state at the last look. */
  get state(): XenbusState {
    return this.#state;
  }

  /**
   * Waits until a look satisfies a test. The last look counts, if there was one.
   *
   * @param test Whether to stop waiting. What it throws ends the waiting.
   * @throws the signal's reason if it is aborted; or why there are no more looks.
   */
  until(test: (state: XenbusState) => boolean, signal: AbortSignal | undefined): Promise<XenbusState> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure.error);
      if (signal?.aborted) return reject(reasonOf(signal));
      if (this.#looks > 0) {
        try {
          if (test(this.#state)) return resolve(this.#state);
        } catch (error) {
          return reject(error);
        }
      }
      this.#add(test, signal, resolve, reject);
    });
  }

  /** Waits for the next look. */
  next(signal: AbortSignal | undefined): Promise<XenbusState> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure.error);
      if (signal?.aborted) return reject(reasonOf(signal));
      this.#add(() => true, signal, resolve, reject);
    });
  }

  /** How many looks there were. */
  get looks(): number {
    return this.#looks;
  }

  #add(
    test: (state: XenbusState) => boolean,
    signal: AbortSignal | undefined,
    resolve: (state: XenbusState) => void,
    reject: (error: unknown) => void,
  ): void {
    const onAbort = () => end(() => reject(reasonOf(signal!)));
    const end = (settle: () => void) => {
      this.#listeners.delete(listener);
      if (signal) removeAbortListener(signal, onAbort);
      settle();
    };
    const listener: Listener = {
      onLook(state) {
        try {
          if (test(state)) end(() => resolve(state));
        } catch (error) {
          end(() => reject(error));
        }
      },
      onFailure: (error) => end(() => reject(error)),
    };
    this.#listeners.add(listener);
    if (signal) addAbortListener(signal, onAbort);
  }

  /** Ends the watch. Those who wait are told the error. */
  close(error: unknown): void {
    this.#fail(error);
    this.#stop.abort(error);
  }
}
