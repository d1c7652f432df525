import type { Refusal } from "./daemon.ts";
import {
  common,
  type Editor,
  find,
  isUnchanged,
  type Names,
  replace,
  type Store,
  type TreeNode,
} from "./persistent_tree.ts";
import type { Payload } from "./text.ts";

/** What a request did to a node. */
type Change = "write" | "make" | "remove" | "set permissions";

/** A request of a transaction, and the answer it had. */
interface Answered {
  readonly type: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly answer: Payload | Refusal;
}

/** A transaction of the daemon in OCaml, or a single request. */
export class OxenstoredTransaction {
  /** What it sees and changes: all nodes as they were at its start, or those of the daemon. */
  readonly store: Store;
  readonly editor: Editor = {};
  /** The tree as it was at its start. */
  readonly before: TreeNode;
  /** How many nodes each domain owned then. */
  readonly #owned: ReadonlyMap<number, number>;
  /** What it has changed, in this order. */
  readonly changes: { readonly what: Change; readonly names: Names }[] = [];
  readonly requests: Answered[] = [];
  /** The lowest place that is above all it has read. */
  #read: Names | undefined;
  /** The lowest place that is above all it has changed. */
  #wrote: Names | undefined;

  constructor(store: Store, current: Store) {
    this.store = store;
    this.before = current.root;
    this.#owned = current.owned;
  }

  read(names: Names): void {
    this.#read = common(names, this.#read);
  }

  wrote(names: Names): void {
    this.#wrote = common(names, this.#wrote);
  }

  changed(what: Change, names: Names): void {
    this.changes.push({ what, names });
  }

  /**
   * Makes the changes visible to all, if nothing has changed since, or nothing where it has read and written.
   *
   * @returns Whether it did.
   */
  commit(current: Store): boolean {
    if (current.root === this.before) {
      current.root = this.store.root;
      current.owned = this.store.owned;
      return true;
    }
    for (const names of [this.#read, this.#wrote]) {
      if (names !== undefined && !isUnchanged(this.before, current.root, names)) return false;
    }
    const place = this.#wrote;
    const node = place && find(this.store.root, place);
    if (place === undefined || node === undefined) return true;
    current.root = replace(current.root, place, node, {});
    const owned = new Map(current.owned);
    for (const [domid, count] of this.store.owned) {
      const change = count - (this.#owned.get(domid) ?? 0);
      if (change !== 0) owned.set(domid, (owned.get(domid) ?? 0) + change);
    }
    current.owned = owned;
    return true;
  }
}
