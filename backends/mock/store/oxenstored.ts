/**
 * The daemon in OCaml: its requests and transactions.
 *
 * @module
 */
import { type StoreHeader, StoreMessage } from "../../../src/contract/store_wire.ts";
import { Daemon, OK, oneString, pathAndValue, Refusal, refuse } from "./daemon.ts";
import { digitsOfOCaml, parseOCaml, showOCaml } from "./numbers.ts";
import type { StoreSettings } from "./options.ts";
import { OxenstoredNodes } from "./oxenstored_nodes.ts";
import { OxenstoredTransaction as Transaction } from "./oxenstored_transaction.ts";
import { eachEvent, mayKnow } from "./oxenstored_watches.ts";
import { absolutePath, isValidPath } from "./paths.ts";
import type { Peer } from "./peer.ts";
import { formatPermissions, parsePermissions } from "./permissions.ts";
import { EMPTY, type Names, newNode, newStore, replace, type Store, without } from "./persistent_tree.ts";
import { joined, type Payload, textOf } from "./text.ts";

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
  readonly #nodes: OxenstoredNodes;

  constructor(settings: StoreSettings) {
    super(settings);
    this.#nodes = new OxenstoredNodes(settings);
    const { root } = this.#store;
    for (const names of [["local"], ["tool"], ["tool", "xenstored"], ["@introduceDomain"], ["@releaseDomain"]]) {
      replace(root, names, newNode(root.permissions, EMPTY, root.editor), root.editor);
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
    if (id === 0 && transaction.changes.length > 0) this.after = () => this.#fire(transaction);
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
        return this.#nodes.readable(peer, transaction, path()).value;
      case StoreMessage.DIRECTORY:
        return joined([...this.#nodes.readable(peer, transaction, path()).children.keys()].sort());
      case StoreMessage.GET_PERMS:
        return joined(formatPermissions(this.#nodes.readable(peer, transaction, path()).permissions, showOCaml));
      case StoreMessage.WRITE:
        return this.#write(peer, transaction, payload);
      case StoreMessage.MKDIR:
        this.#nodes.make(peer, transaction, path());
        return OK;
      case StoreMessage.RM:
        this.#nodes.remove(peer, transaction, path());
        return OK;
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
        return this.domainPath(digitsOfOCaml(oneString(payload)));
      case StoreMessage.RESET_WATCHES:
        this.reset(peer);
        return OK;
      case StoreMessage.IS_DOMAIN_INTRODUCED: {
        if (!peer.privileged) refuse("EACCES");
        return this.isIntroduced(parseOCaml(textOf(payload).split("\0")[0]!) ?? refuse("EINVAL"));
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

  #write(peer: Peer, transaction: Transaction, payload: Uint8Array<ArrayBuffer>): string {
    const [path, value] = pathAndValue(payload);
    this.#nodes.write(peer, transaction, this.#names(peer, path), value);
    return OK;
  }

  #setPermissions(peer: Peer, transaction: Transaction, payload: Uint8Array): string {
    const [path, ...texts] = textOf(payload).split("\0");
    const permissions = parsePermissions(texts.slice(0, -1), parseOCaml) ?? refuse("EINVAL");
    this.#nodes.setPermissions(peer, transaction, this.#names(peer, path!), permissions);
    return OK;
  }

  // Watches

  #watch(peer: Peer<Transaction>, payload: Uint8Array): string {
    const { given, path, token } = this.#pathAndToken(peer, payload);
    if (path[0] !== "@" && !isValidPath(path, Infinity)) refuse("EINVAL");
    if (!peer.privileged && peer.watches.length >= this.settings.watches) refuse("EQUOTA");
    if (peer.findWatch(path, token) >= 0) refuse("EEXIST");
    this.addWatch(peer, path, token, path !== given);
    return OK;
  }

  #unwatch(peer: Peer<Transaction>, payload: Uint8Array): string {
    const { path, token } = this.#pathAndToken(peer, payload);
    this.removeWatch(peer, path, token);
    return OK;
  }

  #pathAndToken({ home }: Peer, payload: Uint8Array): { given: string; path: string; token: string } {
    const [given, token, rest, ...more] = textOf(payload).split("\0");
    if (!given || token === undefined || rest !== "" || more.length > 0) refuse("EINVAL");
    return { given, path: absolutePath(given, home), token };
  }

  #fire(transaction: Transaction): void {
    eachEvent(this.watchers, transaction, (peer, watch, path) => this.send(peer, watch, path));
  }

  protected mayHear(peer: Peer, name: string): boolean {
    return mayKnow(peer, [this.#store.root], [name]);
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
    this.#fire(transaction);
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

/** An answer as text, to compare. */
function shown(answer: Payload | Refusal): string {
  return answer instanceof Refusal ? `refused: ${answer.name}` : typeof answer === "string" ? answer : textOf(answer);
}
