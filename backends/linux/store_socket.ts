/**
 * XenStore through the socket on which its daemon listens, in the daemon's own domain.
 *
 * @module
 */

import { Errno } from "../../src/contract/errno.ts";
import { nextTurn, startTimer, stopTimer } from "../../src/contract/event_loop.ts";
import type { StoreBackend, StoreConnection } from "../../src/contract/store_backend.ts";
import { checkReceive, checkSend } from "../../src/contract/store_checks.ts";
import { StoreError } from "../../src/contract/store_errors.ts";
import { MAX_PAYLOAD } from "../../src/contract/store_wire.ts";
import { EagerReader } from "./eager_reader.ts";
import { type FileHoldings, watchFile } from "./leaks.ts";
import { type Libc, MAX_SOCKET_PATH } from "./libc.ts";
import { pause } from "./pause.ts";
import { ReadableWait } from "./readable_wait.ts";
import { asStoreError, lostError, operationOf, socketError, waitError } from "./store_errors.ts";

/**
 * How often to try to connect, a millisecond apart: the daemon has room for only one connection that it has not
 * accepted yet, and accepts it as soon as it is done with the request at hand.
 */
const TRIES = 100;
/** The milliseconds after which to send again what the socket had no room for. */
const SEND_AGAIN = 2;

/** Makes a backend for XenStore through the socket at `path`. Opens nothing yet. */
export function storeSocketBackend(libc: Libc, path: string, warnOfLeaks = false): StoreBackend {
  return {
    name: path,
    open() {
      const fd = asStoreError(() => connect(libc, path));
      return new SocketConnection(libc, path, fd, warnOfLeaks);
    },
  };
}

function connect(libc: Libc, path: string): number {
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > MAX_SOCKET_PATH) {
    throw new StoreError(
      `Cannot open ${path}: the path of a socket may have ${MAX_SOCKET_PATH} bytes, and this one has ${bytes}. ` +
        "Make a symbolic link with a shorter path.",
      { code: "unsupported", operation: "open" },
    );
  }
  for (let tries = 1;; tries++) {
    const fd = libc.connect(path);
    if (fd >= 0) return fd;
    const mayPass = fd === -Errno.EAGAIN || fd === -Errno.ECONNREFUSED || fd === -Errno.EINTR;
    if (!mayPass || tries === TRIES) throw socketError(path, -fd);
    pause();
  }
}

class SocketConnection implements StoreConnection {
  readonly maxPayload: number = MAX_PAYLOAD;
  readonly maxInFlight: number = Infinity;
  readonly #held: FileHoldings;
  readonly #libc: Libc;
  readonly #path: string;
  /** -1 once it is closed, as the number may be that of another file then. */
  #fd: number;
  /** Whether a request was sent in this turn of the event loop. */
  #isSent = false;
  /** What is sent at the end of this turn, or when the socket has room again. */
  #unsent: Uint8Array<ArrayBuffer>[] = [];
  /** The errno of the send that failed. A request may be torn, so nothing can follow it. */
  #failure: number | undefined;
  readonly #reader: EagerReader;
  readonly #wait: ReadableWait;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(libc: Libc, path: string, fd: number, warnOfLeaks: boolean) {
    this.#libc = libc;
    this.#path = path;
    this.#fd = fd;
    this.#reader = new EagerReader(libc, fd);
    this.#wait = new ReadableWait((callback) => this.#reader.whenReadable(callback));
    this.#held = watchFile(this, { path, warnOfLeaks }, { owner: "XenStore" });
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    const { type } = checkSend(message, MAX_PAYLOAD);
    const isNext = !this.#isSent && this.#unsent.length === 0 && this.#failure === undefined;
    const sent = isNext ? this.#write(message) : 0;
    if (this.#failure !== undefined) throw lostError(this.#path, operationOf(type), this.#failure);
    if (!this.#isSent) this.#sendMoreSoon();
    this.#reader.expect();
    if (sent === message.length) return;
    this.#unsent.push(message.slice(sent));
    if (sent > 0) this.#sendLater();
  }

  /** Sends what else is asked for in this turn of the event loop at once: each send wakes the daemon. */
  #sendMoreSoon(): void {
    this.#isSent = true;
    nextTurn(() => {
      this.#isSent = false;
      this.#flush();
    });
  }

  /** Returns how many bytes the socket took: 0 if it has no room, or if the connection fails. */
  #write(bytes: Uint8Array<ArrayBuffer>): number {
    const sent = this.#libc.send(this.#fd, bytes);
    if (sent >= 0) return sent;
    if (sent !== -Errno.EAGAIN && sent !== -Errno.EINTR) this.#fail(-sent);
    return 0;
  }

  /** Gives the connection up. Whoever waits is called back, as the socket need not become readable. */
  #fail(errno: number): void {
    this.#failure = errno;
    this.#wait.ready();
  }

  /**
   * The socket has room for more requests than a client has under way, so this happens only if the daemon is slow.
   * Watching for room in all runtimes is not worth it.
   */
  #sendLater(): void {
    this.#timer ??= startTimer(() => {
      this.#timer = undefined;
      this.#flush();
    }, SEND_AGAIN);
  }

  #flush(): void {
    if (this.#unsent.length === 0 || this.#timer !== undefined) return;
    const all = this.#unsent.length === 1 ? this.#unsent[0]! : joined(this.#unsent);
    this.#unsent = [];
    const sent = this.#write(all);
    if (sent === all.length || this.#failure !== undefined) return;
    this.#unsent = [all.subarray(sent)];
    this.#sendLater();
  }

  receive(bytes: Uint8Array<ArrayBuffer>): number {
    checkReceive(bytes);
    this.#flush();
    const size = this.#reader.read(bytes);
    if (size === -Errno.EAGAIN) {
      // Replies that came before the failure are taken first.
      if (this.#failure !== undefined) throw lostError(this.#path, "wait", this.#failure);
      return 0;
    }
    if (size <= 0) throw lostError(this.#path, "wait", size < 0 ? -size : undefined);
    return size;
  }

  whenReadable(callback: () => void): () => void {
    const stop = this.#wait.begin(callback, this.#failure !== undefined);
    if (typeof stop === "number") throw waitError(this.#path, -stop);
    return stop;
  }

  close(): void {
    this.#held.closed = true;
    this.#flush();
    this.#wait.end();
    this.#reader.close();
    stopTimer(this.#timer);
    this.#unsent = [];
    // The kernel closes it in any case. Nobody could do anything about an error.
    this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(new ArrayBuffer(parts.reduce((length, part) => length + part.length, 0)));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
