import type { StoreConnection } from "../../src/contract/store_backend.ts";
import { decodeHeader, encodeMessage, HEADER_SIZE, MAX_PAYLOAD } from "../../src/contract/store_wire.ts";

/** The number of each request: only one is in flight. */
const REQUEST = 1;

/** A request on a connection that has no other one in flight, and its answer, as it arrives. */
export class StoreQuestion {
  readonly #connection: StoreConnection;
  readonly #type: number;
  readonly #answer = new Uint8Array(HEADER_SIZE + MAX_PAYLOAD);
  #length = 0;
  #wanted = HEADER_SIZE;
  #isForeign = false;

  /** Sends the request. Its payload is one string. */
  constructor(connection: StoreConnection, type: number, argument: string) {
    this.#connection = connection;
    this.#type = type;
    connection.send(encodeMessage(type, REQUEST, 0, new TextEncoder().encode(`${argument}\0`)));
  }

  /** Takes what has arrived. Returns whether there is no more to wait for. */
  receive(): boolean {
    while (this.#length < this.#wanted) {
      const got = this.#connection.receive(this.#answer.subarray(this.#length, this.#wanted));
      if (got === 0) return false;
      this.#length += got;
      if (this.#length !== HEADER_SIZE) continue;
      const { request, length } = decodeHeader(this.#answer);
      this.#isForeign = request !== REQUEST || length > MAX_PAYLOAD;
      if (this.#isForeign) return true;
      this.#wanted += length;
    }
    return true;
  }

  /** The payload of the answer; `undefined` if it is an error, or belongs to another request. */
  get answer(): string | undefined {
    if (this.#isForeign || decodeHeader(this.#answer).type !== this.#type) return undefined;
    return new TextDecoder().decode(this.#answer.subarray(HEADER_SIZE, this.#wanted));
  }
}
