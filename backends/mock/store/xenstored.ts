/**
 * The daemon in C: its requests, watches and transactions.
 *
 * @module
 */
import { MAX_PAYLOAD, type StoreHeader, StoreMessage } from "../../../src/contract/store_wire.ts";
import { Daemon, OK, oneString, pathAndValue, refuse } from "./daemon.ts";
import type { DomainBooks } from "./domain_books.ts";
import { DomainEvents } from "./domain_events.ts";
import { beginOfC, parseC, showC } from "./numbers.ts";
import type { StoreSettings } from "./options.ts";
import { absolutePath, isValidPath, isWithin, parentOf } from "./paths.ts";
import type { Peer, Watch } from "./peer.ts";
import { formatPermissions, parsePermissions, type Permissions, READ } from "./permissions.ts";
import { joined, type Payload, stringsOf } from "./text.ts";
import { type StoreNode, Transaction, type Tree } from "./tree.ts";
import { XenstoredNodes } from "./xenstored_nodes.ts";
import { isForDomain0, isKnown } from "./xenstored_requests.ts";

/** The longest path of a watch for an event of domains. */
const MAX_EVENT_NAME = 2048;

/** The daemon in C. */
export class Xenstored extends Daemon<Transaction> {
  readonly dropsEvents = true;
  readonly #nodes: XenstoredNodes;
  readonly #tree: Tree;
  readonly #books: DomainBooks;
  readonly #events: DomainEvents;

  constructor(settings: StoreSettings, exists: (domid: number) => boolean) {
    super(settings);
    this.#nodes = new XenstoredNodes(settings, exists, (...change) => this.#fire(...change));
    this.#tree = this.#nodes.tree;
    this.#books = this.#nodes.books;
    this.#events = new DomainEvents(this.#nodes);
  }

  override renew(domid: number): void {
    // While an old domain was dying, permissions could still name it.
    if (this.#books.find(domid) !== undefined) this.#nodes.forget(domid);
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
    this.#nodes.peer = peer;
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
          return joined(formatPermissions(this.#readable(payload).permissions, showC));
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
          return this.domainPath(beginOfC(oneString(payload)));
        case StoreMessage.IS_DOMAIN_INTRODUCED:
          return this.isIntroduced(beginOfC(oneString(payload)));
        default:
          this.reset(peer);
          return OK;
      }
    } finally {
      this.#tree.transaction = undefined;
    }
  }

  /** The absolute path that a request names. */
  #path(path: string): string {
    return absolutePath(path, this.#nodes.peer!.home);
  }

  /** The node that a request reads. */
  #readable(payload: Uint8Array): StoreNode {
    return this.#nodes.find(this.#path(oneString(payload)), READ) ?? refuse("ENOENT");
  }

  #listPart(strings: readonly string[]): string {
    if (strings.length !== 2) refuse("EINVAL");
    const { generation, children, childBytes } = this.#nodes.find(this.#path(strings[0]!), READ) ?? refuse("ENOENT");
    const offset = beginOfC(strings[1]!);
    let part = `${generation}\0`;
    const room = MAX_PAYLOAD - part.length - 1;
    const rest = joined(children).slice(offset);
    // As many whole names as there is room for.
    const end = rest.length <= room ? rest.length : rest.lastIndexOf("\0", room - 1) + 1;
    part += rest.slice(0, end);
    // An empty name says that there are no more.
    return offset + end >= childBytes ? `${part}\0` : part;
  }

  #write(payload: Uint8Array<ArrayBuffer>): string {
    const [path, value] = pathAndValue(payload);
    this.#nodes.write(this.#path(path), value);
    return OK;
  }

  #make(path: string): string {
    this.#nodes.make(path);
    return OK;
  }

  #remove(path: string): string {
    this.#nodes.remove(path);
    return OK;
  }

  #setPermissions([path, ...texts]: readonly string[]): string {
    if (path === undefined || texts.length === 0) refuse("EINVAL");
    if (this.#nodes.hasQuotas && texts.length > this.settings.permissions) refuse("ENOSPC");
    const given = parsePermissions(texts, parseC) ?? refuse("EINVAL");
    // Permissions of domains that are not there now are ignored for good.
    const permissions = given.map((permission) => ({
      ...permission,
      ignored: this.#books.findOrAdd(permission.domid, this.#tree.generation) === undefined,
    })) as unknown as Permissions;
    if (permissions[0].ignored) refuse("ENOENT");
    if (path[0] === "@") {
      this.#events.setPermissions(path, permissions, this.#nodes.peer!);
      return OK;
    }
    this.#nodes.setPermissions(this.#path(path), permissions);
    return OK;
  }

  // Watches

  #watch(peer: Peer<Transaction>, strings: readonly string[]): string {
    const { given, path, token } = this.#pathAndToken(strings);
    const isValid = path[0] === "@" ? path.length <= MAX_EVENT_NAME : isValidPath(path, this.settings.pathLength);
    if (!isValid) refuse("EINVAL");
    if (peer.findWatch(path, token) >= 0) refuse("EEXIST");
    if (this.#nodes.hasQuotas && peer.watches.length >= this.settings.watches) refuse("E2BIG");
    this.addWatch(peer, path, token, path !== given);
    return OK;
  }

  #unwatch(peer: Peer<Transaction>, strings: readonly string[]): string {
    const { path, token } = this.#pathAndToken(strings);
    this.removeWatch(peer, path, token);
    return OK;
  }

  #pathAndToken(strings: readonly string[]): { given: string; path: string; token: string } {
    const [given, token] = strings;
    if (given === undefined || token === undefined || strings.length !== 2) refuse("EINVAL");
    return { given, path: this.#path(given), token };
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
    for (const peer of this.watchers) {
      const fired = peer.watches.filter(matches);
      if (fired.length === 0 || !this.#mayKnow(peer, path, node, before)) continue;
      for (const watch of fired) this.send(peer, watch, path);
    }
  }

  /** Whether a domain may read a node, or its parent, or could read it before. */
  #mayKnow(peer: Peer, path: string, node: StoreNode | undefined, before: Permissions | undefined): boolean {
    if (before !== undefined && (this.#nodes.rights(peer, before, Infinity) & READ) !== 0) return true;
    const { nodes } = this.#tree;
    const found = node ?? nodes.get(path);
    if (found === undefined) return false;
    if ((this.#nodes.rightsOn(peer, found) & READ) !== 0) return true;
    const parent = nodes.get(parentOf(path));
    return parent !== undefined && (this.#nodes.rightsOn(peer, parent) & READ) !== 0;
  }

  protected mayHear(peer: Peer, name: string): boolean {
    return this.#events.mayHear(name, peer);
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
    if (how === "F") return OK;
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
    return OK;
  }

  /** Checks the quotas of nodes at the end of a transaction. Its last node is one that would fit outside of it. */
  #checkOwned({ owned, hasCreated }: Transaction): void {
    for (const [domid, change] of owned) {
      const entry = this.#books.findOrAdd(domid, this.#tree.generation) ?? refuse("ENOMEM");
      const isOver = domid !== 0 && entry.nodes + change >= this.settings.nodes;
      if (hasCreated && this.#nodes.hasQuotas && isOver) refuse("ENOSPC");
    }
  }

  protected forget(domid: number): void {
    this.#nodes.forget(domid);
    this.#events.forget(domid);
  }
}
