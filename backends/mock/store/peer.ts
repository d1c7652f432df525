/**
 * What the daemon knows of those who are connected to it.
 *
 * @module
 */
import { homeOf } from "./paths.ts";

/** A watch on a node and on all that is below it. */
export interface Watch {
  readonly path: string;
  readonly token: string;
  /** How much of the path of an event to leave out, if the watch names a path below the domain's home. */
  readonly relative: number;
}

/** A connection, as the daemon knows it: that of a domain, or a socket of domain 0. */
export class Peer<Transaction = unknown> {
  readonly domid: number;
  /** Whether it may do everything, without quotas. */
  readonly privileged: boolean;
  /** What its relative paths are below. */
  readonly home: string;
  /** Its watches, oldest first. */
  watches: Watch[] = [];
  readonly transactions: Map<number, Transaction> = new Map();
  /** The number of its next transaction. */
  nextTransaction = 1;
  /** Whether it is a socket, and not the connection of a domain's kernel. */
  readonly isSocket: boolean;
  /** Sends an event. */
  readonly event: (path: string, token: string) => void;

  constructor(domid: number, isSocket: boolean, event: (path: string, token: string) => void) {
    this.domid = domid;
    this.isSocket = isSocket;
    this.privileged = domid === 0;
    this.home = homeOf(domid);
    this.event = event;
  }

  /** The place of a watch among its watches; -1 if it has none with this path and token. */
  findWatch(path: string, token: string): number {
    return this.watches.findIndex((watch) => watch.path === path && watch.token === token);
  }

  /** Takes the number of a new transaction. */
  takeTransactionId(): number {
    while (this.nextTransaction === 0 || this.transactions.has(this.nextTransaction)) {
      this.nextTransaction = (this.nextTransaction + 1) >>> 0;
    }
    const id = this.nextTransaction;
    this.nextTransaction = (id + 1) >>> 0;
    return id;
  }
}
