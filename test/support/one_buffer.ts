/**
 * Linux's device of XenStore, as far as it mixes up requests: the driver queues the header of a request, and leaves its
 * payload in the buffer of the file until the request is passed on. The next write overwrites it.
 *
 * @module
 */
import { nextTurn } from "../../src/contract/event_loop.ts";
import type { StoreBackend, StoreConnection } from "../../src/contract/store_backend.ts";
import { HEADER_SIZE, StoreMessage } from "../../src/contract/store_wire.ts";

/** Has a backend's connections keep payloads in one buffer each. */
export function withOneBuffer(backend: StoreBackend): StoreBackend {
  return { name: backend.name, open: () => keepPayloads(backend.open()) };
}

function keepPayloads(connection: StoreConnection): StoreConnection {
  const buffer = new Uint8Array(HEADER_SIZE + connection.maxPayload);
  const headers: Uint8Array<ArrayBuffer>[] = [];
  let closed = false;
  const passOn = () => {
    const header = headers.shift()!;
    if (closed) return;
    const length = new Uint32Array(header.buffer)[3]!;
    const message = buffer.slice(0, HEADER_SIZE + length);
    message.set(header);
    connection.send(message);
  };
  return {
    maxPayload: connection.maxPayload,
    maxInFlight: connection.maxInFlight,
    send(message) {
      buffer.set(message);
      const type = new Uint32Array(message.slice(0, HEADER_SIZE).buffer)[0];
      // The driver itself makes and ends watches, at once.
      if (type === StoreMessage.WATCH || type === StoreMessage.UNWATCH) return connection.send(message);
      headers.push(message.slice(0, HEADER_SIZE));
      nextTurn(passOn);
    },
    receive: (bytes) => connection.receive(bytes),
    whenReadable: (callback) => connection.whenReadable(callback),
    close() {
      closed = true;
      connection.close();
    },
  };
}
