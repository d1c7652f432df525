import type { ToolstackRequest } from "../../../backends/mock/store/toolstack.ts";
import type { StoreConnection } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Joiner, message, readable } from "../../support/store_messages.ts";

/** Requests that must succeed. Events are dropped. */
export class Requests implements Disposable {
  readonly #connection: StoreConnection;
  readonly #joiner = new Joiner();
  readonly #bytes = new Uint8Array(4096);

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  /** Makes requests, and waits for the last reply. Returns its payload. */
  async requestAll(requests: readonly ToolstackRequest[], transaction = 0): Promise<string> {
    for (const [type, text] of requests) this.#connection.send(message(type, text, 1, transaction));
    let last = "";
    for (let open = requests.length; open > 0;) {
      const got = this.#connection.receive(this.#bytes);
      if (got === 0) await readable(this.#connection);
      for (const { type, text } of this.#joiner.add(this.#bytes.subarray(0, got))) {
        if (type === StoreMessage.WATCH_EVENT) continue;
        if (type === StoreMessage.ERROR) throw new Error(`one of ${JSON.stringify(requests)} was refused: ${text}`);
        last = text;
        open--;
      }
    }
    return last;
  }

  /** Makes a request, and waits for its reply. Returns its payload. */
  request(type: number, text: string, transaction = 0): Promise<string> {
    return this.requestAll([[type, text]], transaction);
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
