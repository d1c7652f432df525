/**
 * The daemon in C. Comments say where its answers may surprise.
 *
 * @module
 */
import { MAX_PAYLOAD, type StoreHeader, StoreMessage } from "../../../src/contract/store_wire.ts";
import { Daemon, DOMAIN_EVENTS, oneString, refuse } from "./daemon.ts";
import { DomainBooks } from "./domain_books.ts";
import type { StoreSettings } from "./options.ts";
import { absolutePath, childOf, isValidPath, isWithin, nameOf, parentOf } from "./paths.ts";
import type { Peer, Watch } from "./peer.ts";
import {
  ALL,
  formatPermissions,
  OWN,
  parsePermissions,
  type Permissions,
  PRIVATE,
  READ,
  WRITE,
} from "./permissions.ts";
import { joined, type Payload, stringsOf, textOf } from "./text.ts";
import { EMPTY, type StoreNode, Transaction, Tree } from "./tree.ts";

/** Bytes of a node's record beside its permissions, its value and the names of its children. */
const RECORD_SIZE = 24;
/** Bytes of a permission in a node's record. */
const PERMISSION_SIZE = 8;
/** The longest path of a watch for an event of domains. */
const MAX_EVENT_NAME = 2048;

/** The daemon in C. */
export class Xenstored extends Daemon<Transaction> {
  readonly dropsEvents = true;
  readonly #tree = new Tree();
  readonly #books: DomainBooks;
  /** The permissions of the events of domains. */
  readonly #eventPermissions = new Map<string, Permissions>();
  /** Whose request is at hand; nobody's while a domain is taken away. */
  #peer: Peer<Transaction> | undefined;

  constructor(settings: StoreSettings, exists: (domid: number) => boolean) {
    super(settings, exists);
    this.#books = new DomainBooks(exists);
    this.#books.findOrAdd(0, 0)!;
    this.#tree.add("/", PRIVATE, EMPTY);
    this.#create("/tool/xenstored", EMPTY);
    for (const name of DOMAIN_EVENTS) this.#eventPermissions.set(name, PRIVATE);
  }

  override introduce(peer: Peer<Transaction>): void {
    this.#books.findOrAdd(peer.domid, this.#tree.generation);
    super.introduce(peer);
  }

  protected answer(
    peer: Peer<Transaction>,
    { type, transaction }: StoreHeader,
    payload: Uint8Array<ArrayBuffer>,
  ): Payload {
    this.#peer = peer;
    switch (type) {
      case StoreMessage.WATCH:
        return this.#watch(peer, stringsOf(payload));
      case StoreMessage.UNWATCH:
        return this.#unwatch(peer, stringsOf(payload));
    }
    if (!peer.privileged && isForDomain0(type)) refuse("EACCES");
    if (!isKnown(type)) refuse("ENOSYS");
    if (transaction !== 0) this.#tree.transaction = peer.transactions.get(transaction) ?? refuse("ENOENT");
    try {
      switch (type) {
        case StoreMessage.READ:
          return this.#readable(payload).value;
        case StoreMessage.DIRECTORY:
          return joined(this.#readable(payload).children);
        case StoreMessage.DIRECTORY_PART:
          return this.#listPart(stringsOf(payload));
        case StoreMessage.GET_PERMS:
          return joined(formatPermissions(this.#readable(payload).permissions));
        case StoreMessage.WRITE:
          return this.#write(payload);
        case StoreMessage.MKDIR:
          return this.#make(this.#path(oneString(payload)));
        case StoreMessage.RM:
          return this.#remove(this.#path(oneString(payload)));
        case StoreMessage.SET_PERMS:
          return this.#setPermissions(stringsOf(payload));
        case StoreMessage.TRANSACTION_START:
          return this.#start(peer);
        case StoreMessage.TRANSACTION_END:
          return this.#end(peer, transaction, oneString(payload));
        case StoreMessage.GET_DOMAIN_PATH:
          return this.domainPath(toNumber(oneString(payload)));
        case StoreMessage.IS_DOMAIN_INTRODUCED:
          return this.isIntroduced(toNumber(oneString(payload)));
        default:
          return this.reset(peer);
      }
    } finally {
      this.#tree.transaction = undefined;
    }
  }

  /** The absolute path that a request names. */
  #path(path: string): string {
    return absolutePath(path, this.#peer!.home);
  }

  // Nodes, with the rights of the request's domain

  readonly #admit = (transaction: Transaction): void => {
    if (!this.#hasQuotas || transaction.accesses.size < this.settings.transactionSize) return;
    transaction.hasFailed = true;
    refuse("ENOSPC");
  };

  #read(path: string): StoreNode | undefined {
    return this.#tree.read(path, this.#admit);
  }

  /** The rights of a domain on a node. Permissions that are older than the domain do not count. */
  #rights({ domid, privileged }: Peer, permissions: Permissions, generation: number): number {
    if (privileged || permissions[0].domid === domid) return ALL;
    for (let index = 1; index < permissions.length; index++) {
      const permission = permissions[index]!;
      if (permission.domid === domid && !permission.ignored && this.#books.isAsOld(domid, generation)) {
        return permission.rights;
      }
    }
    return permissions[0].rights;
  }

  #rightsOn(peer: Peer, { permissions, generation }: StoreNode): number {
    return this.#rights(peer, permissions, generation);
  }

  /**
   * Finds a node on which the domain has all the rights it needs.
   *
   * @returns `undefined` if there is none, and the domain may know.
   */
  #find(path: string, needed: number): StoreNode | undefined {
    // The path of a node is valid: only others are checked.
    if (!this.#tree.nodes.has(path) && !isValidPath(path, this.settings.pathLength)) refuse("EINVAL");
    const node = this.#read(path);
    if (node !== undefined && (this.#rightsOn(this.#peer!, node) & needed) === needed) return node;
    // Whether there is a node may know who has one of the rights above it.
    let above = path;
    let nearest: StoreNode | undefined;
    do nearest = this.#read(above = parentOf(above)); while (nearest === undefined);
    if (node !== undefined || (this.#rightsOn(this.#peer!, nearest) & needed) === 0) refuse("EACCES");
    return undefined;
  }

  /** The node that a request reads. */
  #readable(payload: Uint8Array): StoreNode {
    return this.#find(this.#path(oneString(payload)), READ) ?? refuse("ENOENT");
  }

  #listPart(strings: readonly string[]): string {
    if (strings.length !== 2) refuse("EINVAL");
    const { generation, children, childBytes } = this.#find(this.#path(strings[0]!), READ) ?? refuse("ENOENT");
    const offset = toNumber(strings[1]!) >>> 0;
    let part = `${generation}\0`;
    const room = MAX_PAYLOAD - part.length - 1;
    const rest = joined(children).slice(offset);
    // As many whole names as there is room for.
    const end = rest.length <= room ? rest.length : rest.lastIndexOf("\0", room - 1) + 1;
    part += rest.slice(0, end);
    // An empty name says that there are no more.
    return offset + end >= childBytes ? `${part}\0` : part;
  }

  // Changes

  get #hasQuotas(): boolean {
    return this.#peer !== undefined && !this.#peer.privileged;
  }

  /** Checks the size of a node's record before it is written. A transaction in which this fails cannot end well. */
  #checkSize(permissions: number, value: number, childBytes: number): void {
    const size = RECORD_SIZE + PERMISSION_SIZE * permissions + value + childBytes;
    if (!this.#hasQuotas || size <= this.settings.nodeSize) return;
    const { transaction } = this.#tree;
    if (transaction !== undefined) transaction.hasFailed = true;
    refuse("ENOSPC");
  }

  /** Counts a node that a domain owns, or no longer owns. */
  #count(domid: number, change: 1 | -1): void {
    const { transaction, generation } = this.#tree;
    if (transaction !== undefined) {
      transaction.owned.set(domid, (transaction.owned.get(domid) ?? 0) + change);
    } else {
      const entry = this.#books.findOrAdd(domid, generation);
      if (entry !== undefined) entry.nodes += change;
    }
  }

  #change(path: string, node: StoreNode): StoreNode {
    const permissions = this.#books.settled(node.permissions, node.generation);
    const changed = this.#tree.change(path, node);
    changed.permissions = permissions;
    return changed;
  }

  #write(payload: Uint8Array<ArrayBuffer>): string {
    const end = payload.indexOf(0);
    if (end < 0) refuse("EINVAL");
    const path = this.#path(textOf(payload, end));
    const value = payload.slice(end + 1);
    let node = this.#find(path, WRITE);
    if (node === undefined) node = this.#create(path, value);
    else {
      this.#checkSize(node.permissions.length, value.length, node.childBytes);
      node = this.#change(path, node);
      node.value = value;
    }
    this.#fire(path, node, "above");
    return "OK\0";
  }

  #make(path: string): string {
    if (this.#find(path, WRITE) === undefined) this.#fire(path, this.#create(path, EMPTY), "above");
    return "OK\0";
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
    const { transaction } = this.#tree;
    if (transaction !== undefined) transaction.hasCreated = true;
    let permissions = this.#books.settled(parent.permissions, parent.generation);
    if (this.#hasQuotas) {
      const { domid } = this.#peer!;
      permissions = [{ ...permissions[0], domid }, ...permissions.slice(1)];
      // A transaction's nodes are counted at its end.
      const more = transaction === undefined ? missing.length : 1;
      if ((this.#books.find(domid)?.nodes ?? 0) + more > this.settings.nodes) refuse("ENOSPC");
    }
    const bytes = missing.map((made) => nameOf(made).length + 1);
    this.#checkSize(permissions.length, value.length, 0);
    for (let index = 0; index < missing.length - 1; index++) this.#checkSize(permissions.length, 0, bytes[index]!);
    this.#checkSize(parent.permissions.length, parent.value.length, parent.childBytes + bytes.at(-1)!);

    parent = this.#change(parentPath, parent);
    for (let index = missing.length; index-- > 0;) {
      const made = missing[index]!;
      parent.children.add(nameOf(made));
      parent.childBytes += bytes[index]!;
      parent = this.#tree.add(made, permissions, index === 0 ? value : EMPTY);
      this.#count(permissions[0].domid, 1);
    }
    return parent;
  }

  #remove(path: string): string {
    if (this.#find(path, WRITE) === undefined) {
      // There is nothing to do, if the parent is there.
      if (this.#read(parentOf(path)) === undefined) refuse("ENOENT");
    } else if (path === "/") refuse("EINVAL");
    else this.#removeTree(path);
    return "OK\0";
  }

  #removeTree(path: string): void {
    // The order in which a transaction reads is that of the events at its end.
    const parentPath = parentOf(path);
    const above = this.#read(parentPath)!;
    this.#removeBelow(path, this.#read(path)!, path);
    const parent = this.#change(parentPath, above);
    parent.children.delete(nameOf(path));
    parent.childBytes -= nameOf(path).length + 1;
  }

  #removeBelow(path: string, node: StoreNode, top: string): void {
    for (const name of node.children) {
      const child = childOf(path, name);
      this.#removeBelow(child, this.#readBelow(child)!, top);
    }
    this.#tree.remove(path);
    this.#fire(path, node, path === top ? "above" : "exact");
    this.#count(node.permissions[0].domid, -1);
  }

  /** Reads a node of a tree that is being removed. */
  #readBelow(path: string): StoreNode | undefined {
    try {
      return this.#read(path);
    } catch {
      refuse("EIO");
    }
  }

  #setPermissions([path, ...texts]: readonly string[]): string {
    if (path === undefined || texts.length === 0) refuse("EINVAL");
    if (this.#hasQuotas && texts.length > this.settings.permissions) refuse("ENOSPC");
    const given = parsePermissions(texts) ?? refuse("EINVAL");
    // Permissions of domains that are not there now are ignored for good.
    const permissions = given.map((permission) => ({
      ...permission,
      ignored: this.#books.findOrAdd(permission.domid, this.#tree.generation) === undefined,
    })) as unknown as Permissions;
    const owner = permissions[0].domid;
    if (permissions[0].ignored) refuse("ENOENT");
    if (path[0] === "@") return this.#setEventPermissions(path, permissions);

    const absolute = this.#path(path);
    const node = this.#find(absolute, WRITE | OWN) ?? refuse("ENOENT");
    const before = this.#books.settled(node.permissions, node.generation);
    if (this.#hasQuotas && owner !== before[0].domid) refuse("EPERM");
    this.#checkSize(permissions.length, node.value.length, node.childBytes);
    const changed = this.#tree.change(absolute, node);
    changed.permissions = permissions;
    this.#count(before[0].domid, -1);
    this.#count(owner, 1);
    this.#fire(absolute, changed, "above", before);
    return "OK\0";
  }

  #setEventPermissions(name: string, permissions: Permissions): string {
    const before = this.#eventPermissions.get(name) ?? refuse("EINVAL");
    if (this.#rights(this.#peer!, before, Infinity) !== ALL) refuse("EACCES");
    this.#eventPermissions.set(name, permissions);
    return "OK\0";
  }

  // Watches

  #watch(peer: Peer<Transaction>, strings: readonly string[]): string {
    const [given, token] = strings;
    if (given === undefined || token === undefined || strings.length !== 2) refuse("EINVAL");
    const path = this.#path(given);
    const isValid = path[0] === "@" ? path.length <= MAX_EVENT_NAME : isValidPath(path, this.settings.pathLength);
    if (!isValid) refuse("EINVAL");
    if (peer.watches.some((watch) => watch.path === path && watch.token === token)) refuse("EEXIST");
    if (this.#hasQuotas && peer.watches.length >= this.settings.watches) refuse("E2BIG");
    this.addWatch(peer, path, token, path !== given);
    return "OK\0";
  }

  #unwatch(peer: Peer<Transaction>, strings: readonly string[]): string {
    const [given, token] = strings;
    if (given === undefined || token === undefined || strings.length !== 2) refuse("EINVAL");
    const path = this.#path(given);
    const index = peer.watches.findIndex((watch) => watch.path === path && watch.token === token);
    if (index < 0) refuse("ENOENT");
    peer.watches.splice(index, 1);
    return "OK\0";
  }

  /**
   * Fires the watches on a node that has changed, or notes for the end of the transaction that they are to fire.
   *
   * @param node The node; `undefined` if it is to be looked up, and may be gone.
   * @param which The watches on the node alone, or those above it, too.
   * @param before The permissions before the change: who loses a right learns of it.
   */
  #fire(path: string, node: StoreNode | undefined, which: "exact" | "above", before?: Permissions): void {
    const access = this.#tree.transaction?.accesses.get(path);
    if (access !== undefined) {
      if (access.fire !== "above") access.fire = which;
      return;
    }
    const matches = which === "exact"
      ? (watch: Watch) => watch.path === path
      : (watch: Watch) => isWithin(path, watch.path);
    for (const peer of this.peers) {
      const fired = peer.watches.filter(matches);
      if (fired.length === 0 || !this.#mayKnow(peer, path, node, before)) continue;
      for (const watch of fired) this.send(peer, watch, path);
    }
  }

  /** Whether a domain may read a node, or its parent, or could read it before. */
  #mayKnow(peer: Peer, path: string, node: StoreNode | undefined, before: Permissions | undefined): boolean {
    if (before !== undefined && (this.#rights(peer, before, Infinity) & READ) !== 0) return true;
    const { nodes } = this.#tree;
    const found = node ?? nodes.get(path);
    if (found === undefined) return false;
    if ((this.#rightsOn(peer, found) & READ) !== 0) return true;
    const parent = nodes.get(parentOf(path));
    return parent !== undefined && (this.#rightsOn(peer, parent) & READ) !== 0;
  }

  protected fireDomainEvent(name: string): void {
    for (const peer of this.peers) {
      if ((this.#rights(peer, this.#eventPermissions.get(name)!, Infinity) & READ) === 0) continue;
      for (const watch of peer.watches) if (watch.path === name) this.send(peer, watch, name);
    }
  }

  // Transactions

  #start(peer: Peer<Transaction>): string {
    if (this.#tree.transaction !== undefined) refuse("EBUSY");
    if (!peer.privileged && peer.transactions.size >= this.settings.transactions) refuse("ENOSPC");
    // A transaction has a number among the changes, too.
    this.#tree.generation++;
    const id = peer.takeTransactionId();
    peer.transactions.set(id, new Transaction());
    return `${id}\0`;
  }

  #end(peer: Peer<Transaction>, id: number, how: string): string {
    if (how !== "T" && how !== "F") refuse("EINVAL");
    const transaction = this.#tree.transaction ?? refuse("ENOENT");
    this.#tree.transaction = undefined;
    peer.transactions.delete(id);
    if (how === "F") return "OK\0";
    if (transaction.hasFailed) refuse("ENOMEM");
    this.#checkOwned(transaction);
    if (!this.#tree.isCurrent(transaction)) refuse("EAGAIN");
    for (const [path, access] of transaction.accesses) {
      if (!access.modified) continue;
      this.#tree.commit(path, access);
      // The nodes after this one are as they were before.
      const { permissions, generation, fire } = access;
      const before = permissions && this.#books.settled(permissions, generation);
      if (fire !== "none") this.#fire(path, undefined, fire, before);
    }
    for (const [domid, change] of transaction.owned) this.#books.find(domid)!.nodes += change;
    return "OK\0";
  }

  /** Checks the quotas of nodes at the end of a transaction. Its last node is one that would fit outside of it. */
  #checkOwned({ owned, hasCreated }: Transaction): void {
    for (const [domid, change] of owned) {
      const entry = this.#books.findOrAdd(domid, this.#tree.generation) ?? refuse("ENOMEM");
      const isOver = domid !== 0 && entry.nodes + change >= this.settings.nodes;
      if (hasCreated && this.#hasQuotas && isOver) refuse("ENOSPC");
    }
  }

  // Domains that die

  protected forget(domid: number): void {
    this.#peer = undefined;
    if ((this.#books.find(domid)?.nodes ?? 0) > 0) this.#removeOwned("/", domid);
    this.#books.remove(domid);
    for (const [name, permissions] of this.#eventPermissions) {
      const [owner, ...others] = permissions;
      const heir = owner.domid === domid ? { ...owner, domid: 0 } : owner;
      this.#eventPermissions.set(name, [heir, ...others.filter((other) => other.domid !== domid)]);
    }
  }

  #removeOwned(path: string, domid: number): void {
    const node = this.#tree.nodes.get(path)!;
    if (node.permissions[0].domid === domid && path !== "/") this.#removeTree(path);
    else for (const name of [...node.children]) this.#removeOwned(childOf(path, name), domid);
  }
}

/** The requests that only domain 0 may make: CONTROL, INTRODUCE, RELEASE, IS_DOMAIN_INTRODUCED, RESUME, SET_TARGET. */
function isForDomain0(type: number): boolean {
  return type === 0 || type === StoreMessage.INTRODUCE || type === StoreMessage.RELEASE ||
    type >= StoreMessage.IS_DOMAIN_INTRODUCED && type <= StoreMessage.SET_TARGET;
}

/** A number as `atoi` reads it. */
function toNumber(text: string): number {
  return parseInt(text, 10) || 0;
}

/** Whether a request is one that is simulated. Those that connect domains are not. */
function isKnown(type: number): boolean {
  return type > 0 && type <= StoreMessage.DIRECTORY_PART && type !== StoreMessage.INTRODUCE &&
    type !== StoreMessage.RELEASE && type !== StoreMessage.WATCH_EVENT && type !== StoreMessage.ERROR &&
    (type <= StoreMessage.IS_DOMAIN_INTRODUCED || type >= StoreMessage.RESET_WATCHES);
}
