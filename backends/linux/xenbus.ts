/**
 * XenStore through the kernel's `/dev/xen/xenbus`.
 *
 * The device takes one message with each write, and throws away what follows it. The kernel queues the request without
 * copying its payload, which stays in the buffer of the file: another write before the reply may overwrite it, and the
 * daemon then gets the wrong path or value. So one request may be under way at a time. The kernel itself makes and ends
 * watches: the write of such a request returns when the daemon has answered, and a refusal is the errno of the write.
 * Replies to all other requests, and events, are read.
 *
 * @module
 */

import { Errno } from "../../src/contract/errno.ts";
import type { StoreBackend, StoreConnection } from "../../src/contract/store_backend.ts";
import { checkReceive, checkSend } from "../../src/contract/store_checks.ts";
import { encodeRefusal, MAX_DEVICE_PAYLOAD, type StoreHeader, StoreMessage } from "../../src/contract/store_wire.ts";
import { type FileHoldings, watchFile } from "./leaks.ts";
import { EagerReader } from "./eager_reader.ts";
import type { Libc } from "./libc.ts";
import { ReadableWait } from "./readable_wait.ts";
import { MessageBorders } from "./message_borders.ts";
import { asStoreError, deviceError, lostError, operationOf, waitError } from "./store_errors.ts";

/** Messages to XenStore and its answers. */
export const XENBUS = "/dev/xen/xenbus";

/** Makes a backend for XenStore through the device at `path`. Opens nothing yet. */
export function xenbusBackend(libc: Libc, path: string = XENBUS, warnOfLeaks = false): StoreBackend {
  return {
    name: path,
    open() {
      const fd = asStoreError(() => {
        const fd = libc.open(path, true);
        if (fd < 0) throw deviceError(libc, path, -fd);
        return fd;
      });
      return new XenbusConnection(libc, path, fd, warnOfLeaks);
    },
  };
}

/** For the warning of a connection that was dropped. */
const WATCHES = { owner: "XenStore", things: ["watch open", "watches open"] } as const;

class XenbusConnection implements StoreConnection {
  readonly maxPayload: number = MAX_DEVICE_PAYLOAD;
  readonly maxInFlight: number = 1;
  readonly #held: FileHoldings;
  readonly #libc: Libc;
  readonly #path: string;
  /** -1 once it is closed, as the number may be that of another file then. */
  #fd: number;
  /** Replies that were made here and not taken yet, the first of them perhaps in part. */
  readonly #made: Uint8Array[] = [];
  readonly #borders = new MessageBorders();
  readonly #reader: EagerReader;
  readonly #wait: ReadableWait;

  constructor(libc: Libc, path: string, fd: number, warnOfLeaks: boolean) {
    this.#libc = libc;
    this.#path = path;
    this.#fd = fd;
    this.#reader = new EagerReader(libc, fd);
    this.#wait = new ReadableWait((callback) => this.#reader.whenReadable(callback));
    this.#held = watchFile(this, { path, warnOfLeaks }, WATCHES);
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    const header = checkSend(message, MAX_DEVICE_PAYLOAD);
    const { type, transaction } = header;
    const isWatch = type === StoreMessage.WATCH || type === StoreMessage.UNWATCH;
    if (type === StoreMessage.RESET_WATCHES) {
      // The kernel would pass it on, and all watches of its own drivers would end.
      this.#refuse(header, "ENOSYS");
    } else if (type === StoreMessage.TRANSACTION_END && transaction === 0) {
      // The kernel would warn, never reply, and never free the file. The daemon replies this on its socket.
      this.#refuse(header, "ENOENT");
    } else {
      const written = this.#libc.write(this.#fd, message);
      if (written === message.length) {
        if (isWatch) this.#held.count += type === StoreMessage.WATCH ? 1 : -1;
        this.#reader.expect();
        return;
      }
      const errno = written < 0 ? -written : undefined;
      // The kernel has dropped the request, so the connection is as good as before.
      const isRefused = errno === Errno.ENOMEM || (isWatch && errno !== undefined && errno !== Errno.EBADF);
      if (!isRefused) throw lostError(this.#path, operationOf(type), errno ?? Errno.EIO);
      this.#refuse(header, refusalName(errno));
    }
  }

  /** Makes the reply that refuses a request. */
  #refuse(request: StoreHeader, name: string): void {
    this.#made.push(encodeRefusal(name, request));
    this.#wait.ready();
  }

  receive(bytes: Uint8Array<ArrayBuffer>): number {
    checkReceive(bytes);
    if (this.#hasMade) return this.#takeMade(bytes);
    const size = this.#reader.read(bytes);
    if (size === -Errno.EAGAIN) return 0;
    if (size <= 0) throw lostError(this.#path, "wait", size < 0 ? -size : undefined);
    this.#borders.pass(bytes.subarray(0, size));
    return size;
  }

  /**
   * Whether a made reply is next: it must not split a message of the kernel, of which a part was taken. Nothing of the
   * kernel is handed out while a made reply is taken in parts, so it is not split either.
   */
  get #hasMade(): boolean {
    return this.#made.length > 0 && this.#borders.isBetween;
  }

  #takeMade(bytes: Uint8Array<ArrayBuffer>): number {
    const reply = this.#made[0]!;
    const part = reply.subarray(0, bytes.length);
    bytes.set(part);
    if (part.length < reply.length) this.#made[0] = reply.subarray(part.length);
    else this.#made.shift();
    return part.length;
  }

  whenReadable(callback: () => void): () => void {
    const stop = this.#wait.begin(callback, this.#made.length > 0);
    if (typeof stop === "number") throw waitError(this.#path, -stop);
    return stop;
  }

  close(): void {
    this.#held.closed = true;
    this.#wait.end();
    this.#reader.close();
    // The kernel closes it in any case. Nobody could do anything about an error.
    this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}

/** The daemon's name of a refusal, of which the kernel has kept only the errno. */
function refusalName(errno: number): string {
  // The kernel found no token. The daemon would call such a request invalid.
  if (errno === Errno.EILSEQ) return "EINVAL";
  const known = Object.entries(Errno).find(([, value]) => value === errno);
  return known?.[0] ?? "EIO";
}
