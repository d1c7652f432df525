import { MAX_PAYLOAD, type StoreHeader, StoreMessage } from "../../../src/contract/store_wire.ts";
import type { OpenStore, ProcessState } from "../kernel.ts";
import { MockStoreConnection } from "./connection.ts";
import type { Daemon } from "./daemon.ts";
import { messageOf } from "./messages.ts";
import { Peer } from "./peer.ts";

/** A socket on which the daemon listens. Its peer may do everything. */
export class SocketConnection extends MockStoreConnection {
  readonly maxPayload: number = MAX_PAYLOAD;
  readonly maxInFlight: number = Infinity;
  readonly #daemon: Daemon;
  readonly #peer: Peer;

  constructor(process: ProcessState, daemon: Daemon) {
    super(process);
    const { dropsEvents } = daemon;
    this.#daemon = daemon;
    this.#peer = new Peer(0, true, (path, token) => {
      const text = `${path}\0${token}\0`;
      const message = messageOf(StoreMessage.WATCH_EVENT, 0, 0, text);
      this.mailbox.pushEvent(message, dropsEvents && path[0] !== "@" ? text : undefined);
    });
  }

  get store(): OpenStore {
    return { kind: "socket", watches: this.#peer.watches.length, transactions: this.#peer.transactions.size };
  }

  protected handle(header: StoreHeader, payload: Uint8Array<ArrayBuffer>): void {
    this.#daemon.handle(this.#peer, header, payload, (type, answer) => {
      this.mailbox.push(messageOf(type, header.request, header.transaction, answer));
    });
  }

  protected end(): void {
    this.#daemon.reset(this.#peer);
  }
}
