/**
 * What both daemons do alike: they take requests, and answer each.
 *
 * @module
 */
import { MAX_PAYLOAD, type StoreHeader, StoreMessage } from "../../../src/contract/store_wire.ts";
import type { StoreSettings } from "./options.ts";
import { HOMES } from "./paths.ts";
import type { Peer, Watch } from "./peer.ts";
import { onlyString, type Payload, textOf } from "./text.ts";

/** The payload of a reply that says nothing else. */
export const OK = "OK\0";
/** The number that stands for the domain that uses it. */
const DOMID_SELF = 0x7ff0;

/** Thrown where a request is refused. */
export class Refusal {
  /** The name of the error. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Where the reply to a request goes. */
export type Reply = (type: number, payload: Payload) => void;

/** A daemon: the nodes of a machine, and who is connected. */
export abstract class Daemon<Transaction = unknown> {
  readonly settings: StoreSettings;
  /** Whether an event is dropped while an equal one is on its way. */
  abstract readonly dropsEvents: boolean;
  /** Whether replies on a socket can have more bytes than a payload has room for. */
  protected readonly hasLongReplies: boolean = false;
  /** The connections that have watches. */
  protected readonly watchers: Set<Peer<Transaction>> = new Set();
  /** What to do after the reply. */
  protected after: (() => void) | undefined;
  readonly #introduced = new Map<number, Peer<Transaction>>();

  constructor(settings: StoreSettings) {
    this.settings = settings;
  }

  /** Carries a request out, and replies. Its events go out before or after the reply, as those of the daemon do. */
  handle(peer: Peer<Transaction>, header: StoreHeader, payload: Uint8Array<ArrayBuffer>, reply: Reply): void {
    let type = header.type;
    let answer: Payload;
    try {
      answer = this.answer(peer, header, payload);
      if (answer.length > MAX_PAYLOAD && !(peer.isSocket && this.hasLongReplies)) refuse("E2BIG");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      type = StoreMessage.ERROR;
      answer = `${error.name}\0`;
    }
    const { after } = this;
    this.after = undefined;
    reply(type, answer);
    after?.();
  }

  /** Carries a request out, and returns the payload of the reply. */
  protected abstract answer(
    peer: Peer<Transaction>,
    header: StoreHeader,
    payload: Uint8Array<ArrayBuffer>,
  ): Payload;

  /** Whether a connection may hear that domains come or go. */
  protected abstract mayHear(peer: Peer<Transaction>, name: string): boolean;

  /** Removes all that a dead domain owns. */
  protected abstract forget(domid: number): void;

  /** Called before a new domain is introduced: forgets what it knows of an older one with the same number. */
  renew(_domid: number): void {}

  /** Connects a domain, and tells so. */
  introduce(peer: Peer<Transaction>): void {
    this.#introduced.set(peer.domid, peer);
    if (peer.domid !== 0) this.#fireDomainEvent("@introduceDomain");
  }

  /** Sends the event of domains that come or go. */
  #fireDomainEvent(name: string): void {
    for (const peer of this.watchers) {
      if (!this.mayHear(peer, name)) continue;
      for (const watch of peer.watches) if (watch.path === name) this.send(peer, watch, name);
    }
  }

  /** Tells that a domain was suspended: as of one that is dead, but nothing of it goes yet. */
  suspend(): void {
    this.#fireDomainEvent("@releaseDomain");
  }

  /** Removes what a dead domain had, and tells so. */
  release(domid: number): void {
    const peer = this.#introduced.get(domid);
    if (peer === undefined) return;
    this.reset(peer);
    this.#introduced.delete(domid);
    this.forget(domid);
    this.#fireDomainEvent("@releaseDomain");
  }

  /** Ends the watches and transactions of a connection. */
  reset(peer: Peer<Transaction>): void {
    this.watchers.delete(peer);
    peer.watches = [];
    peer.transactions.clear();
  }

  /** The path below which a domain is at home, whether there is one or not. */
  protected domainPath(domid: number | bigint): string {
    return `${HOMES}${domid}\0`;
  }

  protected isIntroduced(domid: number): string {
    return domid === DOMID_SELF || this.#introduced.has(domid) ? "T\0" : "F\0";
  }

  /** Adds a watch. */
  protected addWatch(peer: Peer<Transaction>, path: string, token: string, relative: boolean): void {
    const watch = { path, token, relative: relative ? peer.home.length + 1 : 0 };
    peer.watches.push(watch);
    this.watchers.add(peer);
    this.after = () => this.send(peer, watch, path);
  }

  /** Removes a watch. */
  protected removeWatch(peer: Peer<Transaction>, path: string, token: string): void {
    const index = peer.findWatch(path, token);
    if (index < 0) refuse("ENOENT");
    peer.watches.splice(index, 1);
    if (peer.watches.length === 0) this.watchers.delete(peer);
  }

  /** Sends an event, unless it is too long. */
  protected send(peer: Peer<Transaction>, watch: Watch, path: string): void {
    const shown = path.slice(watch.relative);
    if (shown.length + watch.token.length + 2 <= MAX_PAYLOAD) peer.event(shown, watch.token);
  }
}

/** The only string of a payload. */
export function oneString(payload: Uint8Array): string {
  return onlyString(payload) ?? refuse("EINVAL");
}

/** The path and the value of a request that writes. */
export function pathAndValue(payload: Uint8Array<ArrayBuffer>): [path: string, value: Uint8Array<ArrayBuffer>] {
  const end = payload.indexOf(0);
  if (end < 0) refuse("EINVAL");
  return [textOf(payload, end), payload.slice(end + 1)];
}

/** Refuses the request. */
export function refuse(name: string): never {
  throw new Refusal(name);
}
