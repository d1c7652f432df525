import type { StoreBackend, StoreConnection } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Joiner, message, type TextMessage } from "../../support/store_messages.ts";
import { type FileKernel, KernelFile } from "./kernel_file.ts";
import type { Ring } from "./ring.ts";

/**
 * Stands in for the kernel of a domain, which has one connection to the daemon for all its programs. Each connection
 * that is opened here is like a file of Linux's device: it has numbers of requests, tokens, watches and transactions of
 * its own. The size of a request and the number of those in flight are bounded by the ring alone.
 */
export class DomainKernel implements StoreBackend, FileKernel {
  readonly name: string;
  readonly #ring: StoreConnection;
  readonly #joiner = new Joiner();
  readonly #bytes = new Uint8Array(4096);
  /** The open files, by the prefix of their tokens. */
  readonly #files = new Map<string, KernelFile>();
  /** Receivers of the replies to requests in flight, by the number of the request on the ring. */
  readonly #inFlight = new Map<number, (reply: TextMessage) => void>();
  #opened = 0;
  #requests = 0;
  #stopListening: (() => void) | undefined;

  constructor(ring: Ring) {
    this.name = ring.name;
    this.#ring = ring.open();
  }

  open(): StoreConnection {
    const prefix = String(++this.#opened);
    const file = new KernelFile(this, prefix);
    this.#files.set(prefix, file);
    return file;
  }

  forget(prefix: string): void {
    this.#files.delete(prefix);
  }

  request(type: number, text: string, transaction: number, onReply: (reply: TextMessage) => void): void {
    const number = ++this.#requests;
    this.#inFlight.set(number, onReply);
    this.#ring.send(message(type, text, number, transaction));
    this.listen();
  }

  listen(): void {
    if (this.#stopListening !== undefined) return;
    if (this.#inFlight.size === 0 && ![...this.#files.values()].some((file) => file.isWaiting)) return;
    this.#stopListening = this.#ring.whenReadable(() => {
      this.#stopListening = undefined;
      this.take();
      this.listen();
    });
  }

  relax(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.listen();
  }

  take(): void {
    for (let got; (got = this.#ring.receive(this.#bytes)) > 0;) {
      for (const each of this.#joiner.add(this.#bytes.subarray(0, got))) this.#passOn(each);
    }
  }

  #passOn(received: TextMessage): void {
    if (received.type === StoreMessage.WATCH_EVENT) {
      const [path, token] = received.text.split("\0");
      const [, prefix, own] = /^(\d+):(.*)$/.exec(token!)!;
      // The file may be closed already.
      this.#files.get(prefix!)?.deliver(message(received.type, `${path}\0${own}\0`));
      return;
    }
    const onReply = this.#inFlight.get(received.request);
    if (onReply === undefined) throw new Error(`a reply to request ${received.request}, which was not made`);
    this.#inFlight.delete(received.request);
    onReply(received);
  }

  /** Stops waiting. The domain has no connection any more. */
  close(): void {
    this.#stopListening?.();
    this.#ring.close();
  }
}
