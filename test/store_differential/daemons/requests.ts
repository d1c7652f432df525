import type { StoreConnection } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Joiner, message, readable } from "../../support/store_messages.ts";

/** Requests that must succeed, one at a time. Events are dropped. */
export class Requests implements Disposable {
  readonly #connection: StoreConnection;
  readonly #joiner = new Joiner();

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  /** Makes a request, and waits for its reply. */
  async request(type: number, text: string): Promise<void> {
    this.#connection.send(message(type, text));
    const bytes = new Uint8Array(4096);
    for (;;) {
      const got = this.#connection.receive(bytes);
      if (got === 0) await readable(this.#connection);
      for (const reply of this.#joiner.add(bytes.subarray(0, got))) {
        if (reply.type === type) return;
        if (reply.type === StoreMessage.ERROR) throw new Error(`request ${type} ${text}: ${reply.text}`);
      }
    }
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
