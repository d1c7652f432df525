/**
 * The nodes of the daemon in C, by their paths, and what a transaction sees of them.
 *
 * @module
 */
import type { Permissions } from "./permissions.ts";

/** A node. */
export interface StoreNode {
  /** A number that no other change has: that of the last change of the node, or of its list of children. */
  generation: number;
  permissions: Permissions;
  value: Uint8Array<ArrayBuffer>;
  /** The names of its children, oldest first. */
  children: Set<string>;
  /** How many bytes these have, with a NUL after each. */
  childBytes: number;
  /** Whether a transaction sees it as it is now, so that a change needs a copy. */
  shared: boolean;
}

/** A node that a transaction has read, and perhaps changed. */
export interface Access {
  /** The node's generation when it was read first; 0 if there was none. */
  readonly generation: number;
  /** Its permissions then. */
  readonly permissions: Permissions | undefined;
  /** The node as the transaction has it now, if there is one. */
  node: StoreNode | undefined;
  modified: boolean;
  /** Which watches to fire at the end: those on the node itself, or those above it, too. */
  fire: "none" | "exact" | "above";
}

/** A transaction of the daemon in C. */
export class Transaction {
  /** The nodes that it has read or changed, in the order of the first access. */
  readonly accesses: Map<string, Access> = new Map();
  /** By how many nodes it changes what domains own. */
  readonly owned: Map<number, number> = new Map();
  /** Whether it has tried to create a node. */
  hasCreated = false;
  /** Whether a change failed halfway, so that it cannot end well. */
  hasFailed = false;
}

/** The empty value. */
export const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** All nodes. */
export class Tree {
  readonly nodes: Map<string, StoreNode> = new Map();
  /** The number of the newest change. */
  generation = 0;
  /** The transaction of the request at hand. */
  transaction: Transaction | undefined;

  /**
   * Finds a node. A transaction remembers that it did.
   *
   * @param admit Called before a transaction adds a node to those it has accessed.
   */
  read(path: string, admit: (transaction: Transaction) => void): StoreNode | undefined {
    const { transaction } = this;
    if (transaction === undefined) return this.nodes.get(path);
    let access = transaction.accesses.get(path);
    if (access === undefined) {
      admit(transaction);
      const node = this.nodes.get(path);
      if (node !== undefined) node.shared = true;
      const { generation = 0, permissions } = node ?? {};
      access = { generation, permissions, node, modified: false, fire: "none" };
      transaction.accesses.set(path, access);
    }
    return access.node;
  }

  /** Marks a node as changed, and returns it, or a copy if somebody else sees it. */
  change(path: string, node: StoreNode): StoreNode {
    const own = node.shared ? { ...node, children: new Set(node.children), shared: false } : node;
    own.generation = ++this.generation;
    if (own !== node || this.transaction !== undefined) this.#put(path, own);
    return own;
  }

  /** Adds a node. */
  add(path: string, permissions: Permissions, value: Uint8Array<ArrayBuffer>): StoreNode {
    const generation = ++this.generation;
    const node = { generation, permissions, value, children: new Set<string>(), childBytes: 0, shared: false };
    this.#put(path, node);
    return node;
  }

  /** Removes a node. */
  remove(path: string): void {
    this.generation++;
    this.#put(path, undefined);
  }

  #put(path: string, node: StoreNode | undefined): void {
    const access = this.transaction?.accesses.get(path);
    if (access !== undefined) {
      access.node = node;
      access.modified = true;
    } else if (node === undefined) this.nodes.delete(path);
    else this.nodes.set(path, node);
  }

  /** Whether nothing that a transaction has read has changed since. */
  isCurrent({ accesses }: Transaction): boolean {
    for (const [path, { generation }] of accesses) {
      if (generation !== (this.nodes.get(path)?.generation ?? 0)) return false;
    }
    return true;
  }

  /** Makes what a transaction did to a node visible to all. */
  commit(path: string, { generation, node }: Access): void {
    if (node !== undefined) {
      node.generation = ++this.generation;
      this.nodes.set(path, node);
    } else if (generation !== 0) this.nodes.delete(path);
  }
}
