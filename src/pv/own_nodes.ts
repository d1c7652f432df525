import { isStoreError } from "../contract/store_errors.ts";
import { unlessAborted } from "../xenstore/abort.ts";
import { transactPatiently } from "../xenstore/patient_transaction.ts";
import type { XenStore } from "../xenstore/store.ts";
import type { StoreTransaction } from "../xenstore/store_transaction.ts";
import { endingError, goneError, isPvError, removingError, takenError } from "./side_errors.ts";
import type { SideNames } from "./side_names.ts";
import { isEnd, nameOf, stateOf, XenbusState } from "./xenbus_state.ts";

const { Closing, Closed, Unknown } = XenbusState;

/**
 * Nodes to write, by their names: bytes, texts or whole numbers; or `undefined`, to remove a node that an earlier
 * program may have left.
 */
export type NodeValues = Readonly<Record<string, Uint8Array | string | number | undefined>>;

/** A change of a side's nodes and state. */
export interface Change {
  /** The operation, for messages: "publish". */
  readonly what: string;
  /** The state to go to. */
  readonly state: XenbusState;
  readonly nodes?: NodeValues | undefined;
  readonly signal: AbortSignal | undefined;
  /** Whether to write the state even if it is the same, so that the other side looks again. */
  readonly again?: boolean;
  /** Whether it may change what another program has left. Without it, such a change fails with `taken`. */
  readonly takesOver?: boolean;
}

/** Reads the state in a folder; `Unknown` if there is none. */
export async function readState(store: Pick<StoreTransaction, "readText">, path: string): Promise<XenbusState> {
  try {
    return stateOf(await store.readText(`${path}/state`));
  } catch (error) {
    if (isStoreError(error, "not-found", "denied", "malformed")) return Unknown;
    throw error;
  }
}

/** Removes a node, unless it is not there. */
export async function removeIfThere(transaction: StoreTransaction, path: string): Promise<void> {
  try {
    await transaction.remove(path);
  } catch (error) {
    // The folder that it would be in is not there, either.
    if (!isStoreError(error, "not-found")) throw error;
  }
}

/** The nodes of one side, and its state. They change one after the other, in the order of the calls. */
export class OwnNodes {
  readonly #store: XenStore;
  readonly #names: SideNames;
  /** What a frontend has published, by which it tells its own connection from that of another program. */
  readonly #published = new Map<string, Uint8Array>();
  #state: XenbusState;
  #last: Promise<void> = Promise.resolve();

  /** @param state The state that was found. */
  constructor(store: XenStore, names: SideNames, state: XenbusState) {
    this.#store = store;
    this.#names = names;
    this.#state = state;
  }

  /** The state that this side wrote last, or found. */
  get state(): XenbusState {
    return this.#state;
  }

  /** The values that remove all that was published, and the folders that were made for it. */
  get removal(): NodeValues {
    return Object.fromEntries([...this.#published.keys()].map((name) => [name.split("/", 1)[0]!, undefined]));
  }

  /**
   * Changes nodes and the state, all at once.
   *
   * @throws {PvError} `gone` if the device is not there; `taken` if another program has changed it; `closing` if it is
   * on its way to the end, and the change is not.
   */
  async change(change: Change): Promise<void> {
    const { signal } = change;
    const stateBefore = this.#state;
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await unlessAborted(signal, () => before);
      await this.#change(change, stateBefore);
    } finally {
      // Calls behind one that is given up still wait for those before it.
      before.then(resolve);
    }
  }

  async #change(change: Change, stateBefore: XenbusState): Promise<void> {
    const { what, state, nodes = {}, signal, again = false, takesOver = false } = change;
    const names = this.#names;
    const { path } = names;
    if (!takesOver && isEnd(this.#state)) {
      // It was asked for before this side began to end, and comes too late.
      if (!isEnd(state) && !isEnd(stateBefore)) throw endingError(what, names);
      // It is past that already.
      if (state === Closing && this.#state === Closed) return;
    }
    try {
      await transactPatiently(this.#store, async (transaction) => {
        // Read before it is written, as a write alone would bring back a device that was removed meanwhile.
        const found = await readState(transaction, path);
        if (found === Unknown) throw goneError(what, names);
        if (!takesOver) await this.#check(transaction, what, found, state);
        for (const [name, value] of Object.entries(nodes)) {
          if (value !== undefined) await transaction.write(`${path}/${name}`, value);
          else await removeIfThere(transaction, `${path}/${name}`);
        }
        if (again || found !== state) await transaction.write(`${path}/state`, String(state));
      }, { signal });
    } catch (error) {
      // A device that was removed meanwhile looks like this, too: its permissions are then those of a folder above it.
      const mayBeGone = isPvError(error, "taken") || isStoreError(error, "denied", "not-found");
      if (mayBeGone && await readState(this.#store, path) === Unknown) throw goneError(what, names);
      throw error;
    }
    this.#state = state;
    if (!names.isBackend) this.#note(nodes);
  }

  /** Throws unless the nodes are as this program has left them. */
  async #check(transaction: StoreTransaction, what: string, found: XenbusState, state: XenbusState): Promise<void> {
    const names = this.#names;
    const isRemoved = names.isBackend && found === Closing && this.#state !== Closing;
    if (isRemoved && isEnd(state)) return;
    if (isRemoved) throw removingError(what, names);
    if (found !== this.#state) {
      throw takenError(what, names, `its state is ${nameOf(found)}, and not ${nameOf(this.#state)}`);
    }
    for (const [name, value] of this.#published) {
      if (await holds(transaction, `${names.path}/${name}`, value)) continue;
      throw takenError(what, names, `${names.path}/${name} is not`);
    }
  }

  #note(nodes: NodeValues): void {
    for (const [name, value] of Object.entries(nodes)) {
      for (const known of [...this.#published.keys()]) {
        if (known === name || known.startsWith(`${name}/`)) this.#published.delete(known);
      }
      if (value !== undefined) this.#published.set(name, bytesOf(value));
    }
  }
}

function bytesOf(value: Uint8Array | string | number): Uint8Array {
  return typeof value === "object" ? value.slice() : new TextEncoder().encode(String(value));
}

/** Whether a node has a value. */
async function holds(transaction: StoreTransaction, path: string, value: Uint8Array): Promise<boolean> {
  try {
    const found = await transaction.read(path);
    return found.length === value.length && found.every((byte, index) => byte === value[index]);
  } catch (error) {
    if (isStoreError(error, "not-found")) return false;
    throw error;
  }
}
