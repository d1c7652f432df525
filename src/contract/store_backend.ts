/** XenStore: the device `/dev/xen/xenbus`, the socket of the daemon, or a simulation of both. */
export interface StoreBackend {
  /** The name used in error messages, for example `"mock"` or `"/dev/xen/xenbus"`. */
  readonly name: string;
  /**
   * Opens a connection. Watches and transactions belong to the connection they were made on.
   *
   * @throws {StoreError} if the system refuses. Nothing is left open.
   */
  open(): StoreConnection;
}

/**
 * A connection to XenStore. It moves bytes: messages as `io/xs_wire.h` of Xen's public headers lays them out, each a
 * header of 16 bytes (type, request, transaction, length of the payload: 32 bits each, in the byte order of the
 * machine) and a payload. What the messages mean is the business of the client above.
 *
 * Every request is answered by a message of its own type or by an error, whatever the way of the system is: a backend
 * whose system refuses a watch with an error number makes the reply itself.
 */
export interface StoreConnection {
  /** The most bytes that the payload of a request may have: 4096, or less where the system takes less. */
  readonly maxPayload: number;
  /**
   * The most requests that may be under way, sent and not answered, at a time: a whole number from 1, or `Infinity`. It
   * is 1 for Linux's device, whose driver keeps the payload of a request in the buffer of the file until it has passed
   * it on: the next request would overwrite it.
   */
  readonly maxInFlight: number;
  /**
   * Sends one whole request. Does not wait for the reply.
   *
   * @param message The header and the payload. The backend does not keep it.
   * @throws {StoreError} if the system refuses. The connection is lost then, unless the backend could tell that nothing
   * of the request was sent and made an error reply of it.
   */
  send(message: Uint8Array<ArrayBuffer>): void;
  /**
   * Takes bytes that have arrived, across the borders of messages. Never blocks.
   *
   * @param bytes Where to put them, at least one byte.
   * @returns How many bytes were taken; 0 if nothing has arrived.
   * @throws {StoreError} `disconnected` if the daemon has closed the connection and nothing is left to be taken.
   */
  receive(bytes: Uint8Array<ArrayBuffer>): number;
  /**
   * Calls back once, as soon as {@linkcode StoreConnection.receive} may return bytes or throw. It never calls back
   * before this method returns, nor after the returned function was called. The caller calls this method again only
   * after one of the two has happened. Until then, the process stays alive. Call back in a turn of the event loop of its
   * own, not in a microtask.
   *
   * @returns A function that stops waiting. It may be called any number of times.
   * @throws {StoreError} if the system cannot wait. There is no callback then.
   */
  whenReadable(callback: () => void): () => void;
  /** Closes the connection: its watches and transactions end. Called once, when nothing waits. */
  close(): void;
}
