/**
 * What requests to the daemon in OCaml do to nodes: rights, quotas and changes.
 *
 * @module
 */
import { refuse } from "./daemon.ts";
import type { StoreSettings } from "./options.ts";
import type { OxenstoredTransaction as Transaction } from "./oxenstored_transaction.ts";
import type { Peer } from "./peer.ts";
import { type Permissions, READ, rightsOf, WRITE } from "./permissions.ts";
import {
  counted,
  eachOwner,
  EMPTY,
  find,
  type Names,
  nearest,
  newNode,
  replace,
  type Store,
  type TreeNode,
} from "./persistent_tree.ts";

/** The changes that requests can make, each in its transaction. */
export class OxenstoredNodes {
  readonly #settings: StoreSettings;

  constructor(settings: StoreSettings) {
    this.#settings = settings;
  }

  #checkRight(peer: Peer, { permissions }: TreeNode, right: number): void {
    if ((rightsOf(peer, permissions) & right) === 0) refuse("EACCES");
  }

  #checkOwned({ owned }: Store, domid: number): void {
    if (domid > 0 && (owned.get(domid) ?? 0) >= this.#settings.nodes) refuse("EQUOTA");
  }

  /** The node that a request reads. */
  readable(peer: Peer, transaction: Transaction, names: Names): TreeNode {
    const node = find(transaction.store.root, names) ?? refuse("ENOENT");
    this.#checkRight(peer, node, READ);
    transaction.read(names);
    return node;
  }

  /** Makes the parents of a node. They stay even if the node itself is refused, and fire no watches. */
  #makeParents(peer: Peer, transaction: Transaction, names: Names): void {
    const { depth } = nearest(transaction.store.root, names);
    for (let length = depth + 1; length < names.length; length++) {
      this.#make(peer, transaction, names.slice(0, length));
    }
  }

  /** Makes a node, unless there is one. */
  make(peer: Peer, transaction: Transaction, names: Names): void {
    this.#makeParents(peer, transaction, names);
    if (this.#make(peer, transaction, names)) transaction.changed("make", names);
  }

  /** Makes a node with the permissions of its parent, unless there is one. */
  #make(peer: Peer, transaction: Transaction, names: Names): boolean {
    const { store, editor } = transaction;
    const { node, depth } = nearest(store.root, names);
    if (names.length > 0) {
      const owner = node.permissions[0].domid;
      if (depth < names.length && !peer.privileged) this.#checkOwned(store, owner);
      this.#checkRight(peer, node, WRITE);
      if (depth === names.length) return false;
      store.root = replace(store.root, names, newNode(node.permissions, EMPTY, editor), editor);
      store.owned = counted(store.owned, owner, 1);
    }
    transaction.wrote(names.slice(0, -1));
    return true;
  }

  /** Writes a value, and creates the node and its parents if they are missing. */
  write(peer: Peer, transaction: Transaction, names: Names, value: Uint8Array<ArrayBuffer>): void {
    this.#makeParents(peer, transaction, names);
    const { store, editor } = transaction;
    const { node, depth } = nearest(store.root, names);
    const owner = node.permissions[0].domid;
    const isNew = depth < names.length;
    if (value.length > this.#settings.nodeSize) refuse("E2BIG");
    if (isNew && !peer.privileged) this.#checkOwned(store, owner);
    this.#checkRight(peer, node, WRITE);
    const written = isNew
      ? newNode(node.permissions, value, editor)
      : isSame(node.value, value)
      ? node
      : { ...node, value };
    store.root = replace(store.root, names, written, editor);
    if (isNew) store.owned = counted(store.owned, owner, 1);
    transaction.wrote(isNew ? names.slice(0, -1) : names);
    transaction.changed("write", names);
  }

  /** Removes a node with all below it. A missing one is fine, if its parent is there. */
  remove(peer: Peer, transaction: Transaction, names: Names): void {
    const { store, editor } = transaction;
    const { node, depth } = nearest(store.root, names);
    if (depth < names.length) {
      if (depth < names.length - 1) refuse("ENOENT");
      return;
    }
    this.#checkRight(peer, node, WRITE);
    store.root = replace(store.root, names, undefined, editor);
    const owned = new Map(store.owned);
    eachOwner(node, (domid) => owned.set(domid, (owned.get(domid) ?? 0) - 1));
    store.owned = owned;
    transaction.wrote(names.slice(0, -1));
    transaction.changed("remove", names);
  }

  /** Sets permissions. Only domain 0 may give a node away. */
  setPermissions(peer: Peer, transaction: Transaction, names: Names, permissions: Permissions): void {
    const { store, editor } = transaction;
    const node = find(store.root, names) ?? refuse("ENOENT");
    const before = node.permissions[0].domid;
    const owner = permissions[0].domid;
    if (!peer.privileged && (owner !== before || before !== peer.domid)) refuse("EACCES");
    store.root = replace(store.root, names, { ...node, permissions }, editor);
    store.owned = counted(counted(store.owned, before, -1), owner, 1);
    transaction.wrote(names);
    transaction.changed("set permissions", names);
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
