import { type StoreHeader, StoreMessage } from "../../../src/contract/store_wire.ts";
import type { Daemon } from "./daemon.ts";
import { Peer } from "./peer.ts";
import { bytesOf, type Payload } from "./text.ts";

/** A reply: its type and its payload. */
export type Answer = [type: number, payload: Payload];

/** A watch of a file. */
export interface FileWatch {
  readonly path: string;
  readonly token: string;
  /** Called at each event, with the path and a number that is the watch's own. */
  readonly event: (path: string, id: string) => void;
}

/** The kernel of a domain: it has one connection to the daemon, for all files of the device. */
export class DomainKernel {
  readonly daemon: Daemon;
  #peer: Peer;
  /** How often the domain was restored. A transaction that is older has ended. */
  #restored = 0;
  /** The watches of files, by the tokens that the kernel gives them. */
  readonly #watches = new Map<string, FileWatch>();
  readonly #tokens = new Map<FileWatch, string>();
  #lastToken = 0;

  constructor(domid: number, daemon: Daemon) {
    this.daemon = daemon;
    this.#peer = this.#newPeer(domid);
  }

  /** Its connection to the daemon. */
  get peer(): Peer {
    return this.#peer;
  }

  get restored(): number {
    return this.#restored;
  }

  #newPeer(domid: number): Peer {
    return new Peer(domid, false, (path, token) => this.#watches.get(token)?.event(path, token));
  }

  /** Gets a new connection, because the domain was restored under another number. Nothing is registered on it. */
  reconnect(domid: number): void {
    this.#peer = this.#newPeer(domid);
    this.#restored++;
  }

  /** Registers all watches again, the newest first. */
  registerAgain(): void {
    for (const [token, { path }] of [...this.#watches].reverse()) this.#ask(StoreMessage.WATCH, `${path}\0${token}\0`);
  }

  /** Passes a request on to the daemon, and returns the reply. */
  ask(header: StoreHeader, payload: Uint8Array<ArrayBuffer>): Answer {
    let answer: Answer | undefined;
    this.daemon.handle(this.#peer, header, payload, (type, reply) => answer = [type, reply]);
    return answer!;
  }

  watch(watch: FileWatch): Answer {
    const token = `${++this.#lastToken}`;
    this.#watches.set(token, watch);
    this.#tokens.set(watch, token);
    const answer = this.#ask(StoreMessage.WATCH, `${watch.path}\0${token}\0`);
    if (answer[0] !== StoreMessage.WATCH) this.#forget(watch, token);
    return answer;
  }

  unwatch(watch: FileWatch): void {
    const token = this.#tokens.get(watch)!;
    this.#ask(StoreMessage.UNWATCH, `${watch.path}\0${token}\0`);
    this.#forget(watch, token);
  }

  #forget(watch: FileWatch, token: string): void {
    this.#watches.delete(token);
    this.#tokens.delete(watch);
  }

  /** Aborts a transaction. */
  abort(transaction: number): void {
    this.#ask(StoreMessage.TRANSACTION_END, "F\0", transaction);
  }

  #ask(type: number, text: string, transaction = 0): Answer {
    return this.ask({ type, request: 0, transaction, length: text.length }, bytesOf(text));
  }
}
