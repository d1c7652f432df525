/**
 * What requests to the daemon in C do to nodes: rights, quotas and changes.
 *
 * @module
 */
import { refuse } from "./daemon.ts";
import { DomainBooks } from "./domain_books.ts";
import type { StoreSettings } from "./options.ts";
import { childOf, isValidPath, nameOf, parentOf } from "./paths.ts";
import type { Peer } from "./peer.ts";
import { ALL, OWN, type Permissions, PRIVATE, WRITE } from "./permissions.ts";
import { EMPTY, type StoreNode, type Transaction, Tree } from "./tree.ts";

/** Bytes of a node's record beside its permissions, its value and the names of its children. */
const RECORD_SIZE = 24;
/** Bytes of a permission in a node's record. */
const PERMISSION_SIZE = 8;

/**
 * Called when a node has changed.
 *
 * @param node The node, also if it is removed.
 * @param which Whom to tell: the watches on the node alone, or those above it, too.
 * @param before The permissions before the change, if these have changed.
 */
export type OnChange = (path: string, node: StoreNode, which: "exact" | "above", before?: Permissions) => void;

/** The nodes, as the domain sees them whose request is at hand. */
export class XenstoredNodes {
  readonly tree: Tree = new Tree();
  readonly books: DomainBooks;
  /** Whose request is at hand; nobody's while a domain is taken away. */
  peer: Peer<Transaction> | undefined;
  readonly #settings: StoreSettings;
  readonly #onChange: OnChange;

  constructor(settings: StoreSettings, exists: (domid: number) => boolean, onChange: OnChange) {
    this.#settings = settings;
    this.#onChange = onChange;
    this.books = new DomainBooks(exists);
    this.books.findOrAdd(0, 0);
    this.tree.add("/", PRIVATE, EMPTY);
    this.#create("/tool/xenstored", EMPTY);
  }

  /** Whether quotas hold for the request. */
  get hasQuotas(): boolean {
    return this.peer !== undefined && !this.peer.privileged;
  }

  /** Refuses a node more than a transaction may access. */
  readonly #admit = (transaction: Transaction): void => {
    if (!this.hasQuotas || transaction.accesses.size < this.#settings.transactionSize) return;
    transaction.hasFailed = true;
    refuse("ENOSPC");
  };

  #read(path: string): StoreNode | undefined {
    return this.tree.read(path, this.#admit);
  }

  /** The rights of a domain on a node. Permissions that are older than the domain do not count. */
  rights({ domid, privileged }: Peer, permissions: Permissions, generation: number): number {
    if (privileged || permissions[0].domid === domid) return ALL;
    for (let index = 1; index < permissions.length; index++) {
      const permission = permissions[index]!;
      if (permission.domid === domid && !permission.ignored && this.books.isAsOld(domid, generation)) {
        return permission.rights;
      }
    }
    return permissions[0].rights;
  }

  /** The rights of a domain on a node that is there. */
  rightsOn(peer: Peer, { permissions, generation }: StoreNode): number {
    return this.rights(peer, permissions, generation);
  }

  /**
   * Finds a node on which the domain has all the rights it needs.
   *
   * @returns `undefined` if there is none, and the domain may know.
   */
  find(path: string, needed: number): StoreNode | undefined {
    // The path of a node is valid: only others are checked.
    if (!this.tree.nodes.has(path) && !isValidPath(path, this.#settings.pathLength)) refuse("EINVAL");
    const node = this.#read(path);
    if (node !== undefined && (this.rightsOn(this.peer!, node) & needed) === needed) return node;
    // Who has none of the rights on the nearest parent must not learn whether there is a node.
    let above = path;
    let nearest: StoreNode | undefined;
    do nearest = this.#read(above = parentOf(above)); while (nearest === undefined);
    if (node !== undefined || (this.rightsOn(this.peer!, nearest) & needed) === 0) refuse("EACCES");
    return undefined;
  }

  /** Checks the size of a node's record before it is written. A transaction in which this fails cannot end well. */
  #checkSize(permissions: number, value: number, childBytes: number): void {
    const size = RECORD_SIZE + PERMISSION_SIZE * permissions + value + childBytes;
    if (!this.hasQuotas || size <= this.#settings.nodeSize) return;
    const { transaction } = this.tree;
    if (transaction !== undefined) transaction.hasFailed = true;
    refuse("ENOSPC");
  }

  /** Counts a node that a domain owns, or no longer owns. */
  #count(domid: number, change: 1 | -1): void {
    const { transaction, generation } = this.tree;
    if (transaction !== undefined) {
      transaction.owned.set(domid, (transaction.owned.get(domid) ?? 0) + change);
    } else {
      const entry = this.books.findOrAdd(domid, generation);
      if (entry !== undefined) entry.nodes += change;
    }
  }

  #change(path: string, node: StoreNode): StoreNode {
    const permissions = this.books.settled(node.permissions, node.generation);
    const changed = this.tree.change(path, node);
    changed.permissions = permissions;
    return changed;
  }

  /** Writes a value, and creates the node if there is none. */
  write(path: string, value: Uint8Array<ArrayBuffer>): void {
    let node = this.find(path, WRITE);
    if (node === undefined) node = this.#create(path, value);
    else {
      this.#checkSize(node.permissions.length, value.length, node.childBytes);
      node = this.#change(path, node);
      node.value = value;
    }
    this.#onChange(path, node, "above");
  }

  /** Creates a node, unless there is one. */
  make(path: string): void {
    if (this.find(path, WRITE) === undefined) this.#onChange(path, this.#create(path, EMPTY), "above");
  }

  /** Creates a node and the parents it lacks, with the permissions of the nearest parent. Domains own what they create. */
  #create(path: string, value: Uint8Array<ArrayBuffer>): StoreNode {
    const missing = [path];
    let parentPath = parentOf(path);
    let parent: StoreNode | undefined;
    while ((parent = this.#read(parentPath)) === undefined) {
      missing.push(parentPath);
      parentPath = parentOf(parentPath);
    }
    const { transaction } = this.tree;
    if (transaction !== undefined) transaction.hasCreated = true;
    let permissions = this.books.settled(parent.permissions, parent.generation);
    if (this.hasQuotas) {
      const { domid } = this.peer!;
      permissions = [{ ...permissions[0], domid }, ...permissions.slice(1)];
      // A transaction's nodes are counted at its end.
      const more = transaction === undefined ? missing.length : 1;
      if ((this.books.find(domid)?.nodes ?? 0) + more > this.#settings.nodes) refuse("ENOSPC");
    }
    const bytes = missing.map((made) => nameOf(made).length + 1);
    this.#checkSize(permissions.length, value.length, 0);
    for (let index = 0; index < missing.length - 1; index++) this.#checkSize(permissions.length, 0, bytes[index]!);
    this.#checkSize(parent.permissions.length, parent.value.length, parent.childBytes + bytes.at(-1)!);

    parent = this.#change(parentPath, parent);
    for (let index = missing.length; index-- > 0;) {
      const made = missing[index]!;
      if (!parent.children.has(nameOf(made))) parent.childBytes += bytes[index]!;
      parent.children.add(nameOf(made));
      parent = this.tree.add(made, permissions, index === 0 ? value : EMPTY);
      this.#count(permissions[0].domid, 1);
    }
    return parent;
  }

  /** Removes a node with all below it. */
  remove(path: string): void {
    if (this.find(path, WRITE) === undefined) {
      // There is nothing to do, if the parent is there.
      if (this.#read(parentOf(path)) === undefined) refuse("ENOENT");
    } else if (path === "/") refuse("EINVAL");
    else this.#removeTree(path);
  }

  /**
   * Removes a node that is there. In a transaction, its parent may be one that others have removed or changed
   * meanwhile: then the transaction cannot end well.
   */
  #removeTree(path: string): void {
    // The order in which a transaction reads is that of the events at its end.
    const parentPath = parentOf(path);
    const name = nameOf(path);
    const above = this.#read(parentPath) ?? refuse("EINVAL");
    this.#removeBelow(path, this.#read(path)!, path);
    if (!above.children.has(name)) refuse("EIO");
    const parent = this.#change(parentPath, above);
    parent.children.delete(name);
    parent.childBytes -= name.length + 1;
  }

  #removeBelow(path: string, node: StoreNode, top: string): void {
    for (const name of node.children) {
      const child = childOf(path, name);
      this.#removeBelow(child, this.#readBelow(child), top);
    }
    this.tree.remove(path);
    this.#onChange(path, node, path === top ? "above" : "exact");
    this.#count(node.permissions[0].domid, -1);
  }

  /** Reads a node of a tree that is being removed. A transaction may miss one that others have removed meanwhile. */
  #readBelow(path: string): StoreNode {
    try {
      return this.#read(path) ?? refuse("EIO");
    } catch {
      refuse("EIO");
    }
  }

  /** Sets permissions. Only domain 0 may give a node away. */
  setPermissions(path: string, permissions: Permissions): void {
    const node = this.find(path, WRITE | OWN) ?? refuse("ENOENT");
    const owner = permissions[0].domid;
    const before = this.books.settled(node.permissions, node.generation);
    if (this.hasQuotas && owner !== before[0].domid) refuse("EPERM");
    this.#checkSize(permissions.length, node.value.length, node.childBytes);
    const changed = this.tree.change(path, node);
    changed.permissions = permissions;
    this.#count(before[0].domid, -1);
    this.#count(owner, 1);
    this.#onChange(path, changed, "above", before);
  }

  /** Removes all that a dead domain owns, with what is below. */
  forget(domid: number): void {
    this.peer = undefined;
    if ((this.books.find(domid)?.nodes ?? 0) > 0) this.#removeOwned("/", domid);
    this.books.remove(domid);
  }

  #removeOwned(path: string, domid: number): void {
    const node = this.tree.nodes.get(path)!;
    if (node.permissions[0].domid === domid && path !== "/") this.#removeTree(path);
    else for (const name of [...node.children]) this.#removeOwned(childOf(path, name), domid);
  }
}
