/**
 * The daemon in OCaml.
 *
 * @module
 */
import { type StoreHeader, StoreMessage } from "../../../src/contract/store_wire.ts";
import { Daemon, oneString, Refusal, refuse } from "./daemon.ts";
import type { StoreSettings } from "./options.ts";
import { OxenstoredTransaction as Transaction } from "./oxenstored_transaction.ts";
import { absolutePath, isValidPath, isWithin } from "./paths.ts";
import type { Peer, Watch } from "./peer.ts";
import { ALL, formatPermissions, parsePermissions, READ, WRITE } from "./permissions.ts";
import {
  counted,
  eachOwner,
  find,
  type Names,
  nearest,
  newNode,
  newStore,
  replace,
  type Store,
  type TreeNode,
  without,
} from "./persistent_tree.ts";
import { joined, type Payload, textOf } from "./text.ts";

const EMPTY = new Uint8Array(0);
const OK = "OK\0";

/** The requests that can be made again when a transaction ends. */
const REPLAYED: ReadonlySet<number> = new Set([
  StoreMessage.READ,
  StoreMessage.DIRECTORY,
  StoreMessage.GET_PERMS,
  StoreMessage.GET_DOMAIN_PATH,
  StoreMessage.WRITE,
  StoreMessage.MKDIR,
  StoreMessage.RM,
  StoreMessage.SET_PERMS,
]);

/** The daemon in OCaml. */
export class Oxenstored extends Daemon<Transaction> {
  readonly dropsEvents = false;
  protected override readonly hasLongReplies = true;
  readonly #store: Store = newStore();

  constructor(settings: StoreSettings, exists: (domid: number) => boolean) {
    super(settings, exists);
    for (const names of [["local"], ["tool"], ["tool", "xenstored"]]) {
      this.#store.root = replace(this.#store.root, names, newNode(this.#store.root.permissions, EMPTY));
    }
  }

  protected answer(
    peer: Peer<Transaction>,
    header: StoreHeader,
    payload: Uint8Array<ArrayBuffer>,
  ): Payload {
    const isWatch = header.type === StoreMessage.WATCH || header.type === StoreMessage.UNWATCH;
    const id = isWatch ? 0 : header.transaction;
    const transaction = id === 0
      ? new Transaction(this.#store, this.#store)
      : peer.transactions.get(id) ?? refuse("EIO");
    const answer = this.#try(peer, transaction, header.type, id, payload);
    this.#checkRequests(peer, transaction);
    if (id !== 0) transaction.requests.push({ type: header.type, payload: payload.slice(), answer });
    if (answer instanceof Refusal) throw answer;
    if (id === 0 && transaction.changes.length > 0) this.after = () => this.#fireChanges(transaction);
    return answer;
  }

  #try(
    peer: Peer<Transaction>,
    transaction: Transaction,
    type: number,
    id: number,
    payload: Uint8Array<ArrayBuffer>,
  ): Payload | Refusal {
    try {
      this.#checkRequests(peer, transaction);
      return this.#carryOut(peer, transaction, type, id, payload);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  /** Once a transaction is full, it does not even end. */
  #checkRequests({ privileged }: Peer, { requests }: Transaction): void {
    if (!privileged && requests.length >= this.settings.transactionSize) refuse("EQUOTA");
  }

  #carryOut(
    peer: Peer<Transaction>,
    transaction: Transaction,
    type: number,
    id: number,
    payload: Uint8Array<ArrayBuffer>,
  ): Payload {
    const path = () => this.#names(peer, oneString(payload));
    switch (type) {
      case 0:
        // Everybody may ask to debug, and only domain 0 is heard.
        return OK;
      case StoreMessage.READ:
        return this.#readable(peer, transaction, path()).value;
      case StoreMessage.DIRECTORY:
        return joined([...this.#readable(peer, transaction, path()).children.keys()].sort());
      case StoreMessage.GET_PERMS:
        return joined(formatPermissions(this.#readable(peer, transaction, path()).permissions));
      case StoreMessage.WRITE:
        return this.#write(peer, transaction, payload);
      case StoreMessage.MKDIR: {
        const names = path();
        this.#makeParents(peer, transaction, names);
        if (this.#make(peer, transaction, names)) transaction.changed("make", names);
        return OK;
      }
      case StoreMessage.RM:
        return this.#remove(peer, transaction, path());
      case StoreMessage.SET_PERMS:
        return this.#setPermissions(peer, transaction, payload);
      case StoreMessage.WATCH:
        return this.#watch(peer, payload);
      case StoreMessage.UNWATCH:
        return this.#unwatch(peer, payload);
      case StoreMessage.TRANSACTION_START:
        return this.#start(peer, id);
      case StoreMessage.TRANSACTION_END:
        return this.#end(peer, transaction, id, payload);
      case StoreMessage.GET_DOMAIN_PATH:
        return this.domainPath(Number(/\d+/.exec(oneString(payload))?.[0] ?? 0));
      case StoreMessage.RESET_WATCHES:
        return this.reset(peer);
      case StoreMessage.IS_DOMAIN_INTRODUCED: {
        if (!peer.privileged) refuse("EACCES");
        const domid = textOf(payload).split("\0")[0]!;
        return /^-?\d+$/.test(domid) ? this.isIntroduced(Number(domid)) : refuse("EINVAL");
      }
      case StoreMessage.INTRODUCE:
      case StoreMessage.RELEASE:
      case StoreMessage.RESUME:
      case StoreMessage.SET_TARGET:
        // Those that connect domains are not simulated.
        return refuse(peer.privileged ? "ENOSYS" : "EACCES");
      default:
        return refuse("ENOSYS");
    }
  }

  /** The names of the node that a path names. */
  #names({ home }: Peer, path: string): Names {
    const absolute = absolutePath(path, home);
    if (absolute[0] === "@") return absolute.length <= this.settings.pathLength ? [absolute] : refuse("EINVAL");
    if (!isValidPath(absolute, this.settings.pathLength)) refuse("EINVAL");
    return absolute === "/" ? [] : absolute.slice(1).split("/");
  }

  // Rights and quotas

  #rights({ domid, privileged }: Peer, { permissions }: TreeNode): number {
    if (privileged || permissions[0].domid === domid) return ALL;
    return (permissions.slice(1).find((permission) => permission.domid === domid) ?? permissions[0]).rights;
  }

  #checkRight(peer: Peer, node: TreeNode, right: number): void {
    if ((this.#rights(peer, node) & right) === 0) refuse("EACCES");
  }

  #checkOwned({ owned }: Store, domid: number): void {
    if (domid > 0 && (owned.get(domid) ?? 0) >= this.settings.nodes) refuse("EQUOTA");
  }

  // Nodes

  #readable(peer: Peer, transaction: Transaction, names: Names): TreeNode {
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

  /** Makes a node with the permissions of its parent, unless there is one. */
  #make(peer: Peer, transaction: Transaction, names: Names): boolean {
    const { store } = transaction;
    const { node, depth } = nearest(store.root, names);
    if (names.length > 0) {
      const owner = node.permissions[0].domid;
      if (depth < names.length && !peer.privileged) this.#checkOwned(store, owner);
      this.#checkRight(peer, node, WRITE);
      if (depth === names.length) return false;
      store.root = replace(store.root, names, newNode(node.permissions, EMPTY));
      store.owned = counted(store.owned, owner, 1);
    }
    transaction.wrote(names.slice(0, -1));
    return true;
  }

  #write(peer: Peer, transaction: Transaction, payload: Uint8Array<ArrayBuffer>): string {
    const end = payload.indexOf(0);
    if (end < 0) refuse("EINVAL");
    const names = this.#names(peer, textOf(payload, end));
    const value = payload.slice(end + 1);
    this.#makeParents(peer, transaction, names);
    const { store } = transaction;
    const { node, depth } = nearest(store.root, names);
    const owner = node.permissions[0].domid;
    const isNew = depth < names.length;
    if (value.length > this.settings.nodeSize) refuse("E2BIG");
    if (isNew && !peer.privileged) this.#checkOwned(store, owner);
    this.#checkRight(peer, node, WRITE);
    const written = isNew ? newNode(node.permissions, value) : isSame(node.value, value) ? node : { ...node, value };
    store.root = replace(store.root, names, written);
    if (isNew) store.owned = counted(store.owned, owner, 1);
    transaction.wrote(isNew ? names.slice(0, -1) : names);
    transaction.changed("write", names);
    return OK;
  }

  #remove(peer: Peer, transaction: Transaction, names: Names): string {
    const { store } = transaction;
    const { node, depth } = nearest(store.root, names);
    if (depth < names.length) return depth === names.length - 1 ? OK : refuse("ENOENT");
    this.#checkRight(peer, node, WRITE);
    store.root = replace(store.root, names, undefined);
    const owned = new Map(store.owned);
    eachOwner(node, (domid) => owned.set(domid, (owned.get(domid) ?? 0) - 1));
    store.owned = owned;
    transaction.wrote(names.slice(0, -1));
    transaction.changed("remove", names);
    return OK;
  }

  #setPermissions(peer: Peer, transaction: Transaction, payload: Uint8Array): string {
    const [path, ...texts] = textOf(payload).split("\0");
    const names = this.#names(peer, path!);
    const permissions = parsePermissions(texts.slice(0, -1)) ?? refuse("EINVAL");
    const { store } = transaction;
    const node = find(store.root, names) ?? refuse("ENOENT");
    const before = node.permissions[0].domid;
    const owner = permissions[0].domid;
    if (!peer.privileged && (owner !== before || before !== peer.domid)) refuse("EACCES");
    store.root = replace(store.root, names, { ...node, permissions });
    store.owned = counted(counted(store.owned, before, -1), owner, 1);
    transaction.wrote(names);
    transaction.changed("set permissions", names);
    return OK;
  }

  // Watches

  #watch(peer: Peer<Transaction>, payload: Uint8Array): string {
    const { given, path, token } = this.#pathAndToken(peer, payload);
    if (path[0] !== "@" && !isValidPath(path, Infinity)) refuse("EINVAL");
    if (!peer.privileged && peer.watches.length >= this.settings.watches) refuse("EQUOTA");
    if (peer.watches.some((watch) => watch.path === path && watch.token === token)) refuse("EEXIST");
    this.addWatch(peer, path, token, path !== given);
    return OK;
  }

  #unwatch(peer: Peer<Transaction>, payload: Uint8Array): string {
    const { path, token } = this.#pathAndToken(peer, payload);
    const index = peer.watches.findIndex((watch) => watch.path === path && watch.token === token);
    if (index < 0) refuse("ENOENT");
    peer.watches.splice(index, 1);
    return OK;
  }

  #pathAndToken({ home }: Peer, payload: Uint8Array): { given: string; path: string; token: string } {
    const [given, token, rest, ...more] = textOf(payload).split("\0");
    if (!given || token === undefined || rest !== "" || more.length > 0) refuse("EINVAL");
    return { given, path: absolutePath(given, home), token };
  }

  /** Fires the watches on all that a request or a transaction has changed, in this order, once for each change. */
  #fireChanges({ changes, before, store }: Transaction): void {
    for (const { what, names } of changes) {
      const roots = what === "remove" ? [before] : what === "set permissions" ? [before, store.root] : [store.root];
      const path = `/${names.join("/")}`;
      for (const peer of this.peers) {
        // From the root down, and the newest first.
        const above = peer.watches.filter((watch) => isWithin(path, watch.path)).reverse();
        above.sort((one, other) => one.path.length - other.path.length);
        for (const watch of above) if (mayKnow(peer, roots, names)) this.send(peer, watch, path);
        // A removal fires all watches below, whether their nodes were there or not.
        if (what !== "remove") continue;
        const below = peer.watches.filter((watch) => watch.path !== path && isWithin(watch.path, path)).reverse();
        below.sort(byNames);
        for (const watch of below) {
          if (mayKnow(peer, roots, watch.path.slice(1).split("/"))) this.send(peer, watch, watch.path);
        }
      }
    }
  }

  protected fireDomainEvent(name: string): void {
    for (const peer of this.peers) {
      for (const watch of peer.watches) {
        if (watch.path === name && mayKnow(peer, [this.#store.root], [name])) this.send(peer, watch, name);
      }
    }
  }

  // Transactions

  #start(peer: Peer<Transaction>, id: number): string {
    if (id !== 0) refuse("EBUSY");
    if (!peer.privileged && peer.transactions.size >= this.settings.transactions) refuse("EQUOTA");
    const started = peer.takeTransactionId();
    peer.transactions.set(started, new Transaction({ ...this.#store }, this.#store));
    return `${started}\0`;
  }

  #end(peer: Peer<Transaction>, transaction: Transaction, id: number, payload: Uint8Array): string {
    const how = textOf(payload).split("\0")[0];
    if (how !== "T" && how !== "F") refuse("EINVAL");
    if (id === 0) refuse("ENOENT");
    peer.transactions.delete(id);
    // What only reads ends well, whatever has changed.
    if (how === "F" || transaction.changes.length === 0) return OK;
    if (!transaction.commit(this.#store)) this.#replay(peer, transaction);
    this.#fireChanges(transaction);
    return OK;
  }

  /** Makes all requests of a transaction again. They must have the same answers. */
  #replay(peer: Peer<Transaction>, { requests }: Transaction): void {
    // It takes a number of its own.
    peer.takeTransactionId();
    const again = new Transaction({ ...this.#store }, this.#store);
    for (const { type, payload, answer } of requests) {
      if (!REPLAYED.has(type) || shown(this.#try(peer, again, type, 0, payload)) !== shown(answer)) refuse("EAGAIN");
    }
    again.commit(this.#store);
  }

  // Domains that die

  /** Nobody is told of the nodes that go. */
  protected forget(domid: number): void {
    this.#store.root = without(this.#store.root, domid);
    const owned = new Map(this.#store.owned);
    owned.delete(domid);
    this.#store.owned = owned;
  }
}

/** Whether a domain may read a node, or its parent, in one of some trees. The parent must be there. */
function mayKnow({ domid, privileged }: Peer, roots: readonly TreeNode[], names: Names): boolean {
  return roots.some((root) => {
    const parent = names.length === 0 || names[0] === "" ? undefined : find(root, names.slice(0, -1));
    const node = parent?.children.get(names.at(-1)!);
    return [parent, node].some((known) => {
      if (known === undefined) return false;
      const [owner, ...others] = known.permissions;
      const { rights } = others.find((other) => other.domid === domid) ?? owner;
      return privileged || owner.domid === domid || (rights & READ) !== 0;
    });
  });
}

/** The order of watches by the names in their paths. */
function byNames({ path: one }: Watch, { path: other }: Watch): number {
  const [a, b] = [one.replaceAll("/", "\0"), other.replaceAll("/", "\0")];
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** An answer as text, to compare. */
function shown(answer: Payload | Refusal): string {
  return answer instanceof Refusal ? `refused: ${answer.name}` : typeof answer === "string" ? answer : textOf(answer);
}
