import { isStoreError } from "../contract/store_errors.ts";
import { addAbortListener, reasonOf, removeAbortListener } from "../shared/signal.ts";
import type { XenStore } from "../xenstore/store.ts";
import type { DeviceNodes } from "./device_nodes.ts";

/** Is told of each look at the node, or that there will be no other one. */
interface Listener<Value> {
  onLook(value: Value): void;
  onFailure(error: unknown): void;
}

/** Follows a node of a device by a watch: reads it whenever it was written, also if its value is the same. */
export class NodeFollower<Value> {
  readonly #store: XenStore;
  readonly #nodes: DeviceNodes;
  readonly #name: string;
  readonly #valueOf: (text: string | undefined) => Value;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<Listener<Value>>();
  #value: Value;
  #looks = 0;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param nodes The nodes that it is one of.
   * @param valueOf Reads a value from the text, or from `undefined` if the node is missing, not readable, or no text.
   */
  constructor(store: XenStore, nodes: DeviceNodes, name: string, valueOf: (text: string | undefined) => Value) {
    this.#store = store;
    this.#nodes = nodes;
    this.#name = name;
    this.#valueOf = valueOf;
    this.#value = valueOf(undefined);
    this.#follow();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const _ of this.#store.watch(`${this.#nodes.path}/${this.#name}`, { signal })) {
        this.#value = this.#valueOf(await this.#read(signal));
        this.#looks++;
        for (const listener of [...this.#listeners]) listener.onLook(this.#value);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Reads the node. What is no text counts as not there, as the other side may write anything. */
  async #read(signal: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#nodes.text(this.#name, { signal });
    } catch (error) {
      if (isStoreError(error, "malformed")) return undefined;
      throw error;
    }
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    for (const listener of [...this.#listeners]) listener.onFailure(error);
  }

  /** The value at the last look; that of a node that is not there, before the first one. */
  get value(): Value {
    return this.#value;
  }

  /** How many looks there were. */
  get looks(): number {
    return this.#looks;
  }

  /**
   * Waits until a look satisfies a test. The last look counts, if there was one.
   *
   * @param test Whether to stop waiting. What it throws ends the waiting.
   * @throws the signal's reason if it is aborted; or why there are no more looks.
   */
  until(test: (value: Value) => boolean, signal: AbortSignal | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure.error);
      if (signal?.aborted) return reject(reasonOf(signal));
      // What it throws rejects the promise.
      if (this.#looks > 0 && test(this.#value)) return resolve(this.#value);
      this.#add(test, signal, resolve, reject);
    });
  }

  /** Waits for the next look. */
  next(signal: AbortSignal | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure.error);
      if (signal?.aborted) return reject(reasonOf(signal));
      this.#add(() => true, signal, resolve, reject);
    });
  }

  #add(
    test: (value: Value) => boolean,
    signal: AbortSignal | undefined,
    resolve: (value: Value) => void,
    reject: (error: unknown) => void,
  ): void {
    const onAbort = () => end(() => reject(reasonOf(signal!)));
    const end = (settle: () => void) => {
      this.#listeners.delete(listener);
      if (signal) removeAbortListener(signal, onAbort);
      settle();
    };
    const listener: Listener<Value> = {
      onLook(value) {
        try {
          if (test(value)) end(() => resolve(value));
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
