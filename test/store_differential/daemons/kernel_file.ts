import { nextTurn } from "../../../src/contract/event_loop.ts";
import type { StoreConnection } from "../../../src/contract/store_backend.ts";
import { encodeRefusal, MAX_PAYLOAD, StoreMessage } from "../../../src/contract/store_wire.ts";
import { Joiner, message, type TextMessage } from "../../support/store_messages.ts";

const { ERROR, TRANSACTION_END, TRANSACTION_START, UNWATCH, WATCH } = StoreMessage;

/** What a file needs of the kernel. */
export interface FileKernel {
  /** Sends a request under a number of its own. */
  request(type: number, text: string, transaction: number, onReply: (reply: TextMessage) => void): void;
  /** Takes all messages that have arrived, and passes them on. */
  take(): void;
  /** Waits for messages as long as a reply is due, or a file waits. */
  listen(): void;
  /** Stops waiting if nobody needs it any more. */
  relax(): void;
  /** Forgets a file: its events are dropped from now on. */
  forget(prefix: string): void;
}

/** A connection of a program of a domain, by the kernel of the domain. */
export class KernelFile implements StoreConnection {
  readonly maxPayload = MAX_PAYLOAD;
  readonly maxInFlight = Infinity;
  readonly #kernel: FileKernel;
  readonly #prefix: string;
  /** The requests of the watches to end. */
  readonly #watches = new Set<string>();
  readonly #transactions = new Set<number>();
  /** Messages that nobody has taken yet, the first one perhaps in part. */
  readonly #arrived: Uint8Array[] = [];
  #onArrival: (() => void) | undefined;
  #isClosed = false;

  /** @param prefix What its tokens begin with on the ring. */
  constructor(kernel: FileKernel, prefix: string) {
    this.#kernel = kernel;
    this.#prefix = prefix;
  }

  /** Whether somebody waits for a message. */
  get isWaiting(): boolean {
    return this.#onArrival !== undefined;
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    const { type, request, transaction, text } = new Joiner().add(bytes)[0]!;
    if (transaction !== 0 && !this.#transactions.has(transaction)) {
      // It may be that of another file.
      this.deliver(encodeRefusal("ENOENT", { request, transaction }));
      return;
    }
    const sent = type === WATCH || type === UNWATCH ? this.#withPrefix(text) : text;
    if (type === WATCH) this.#watches.add(sent);
    else if (type === UNWATCH) this.#watches.delete(sent);
    else if (type === TRANSACTION_END) this.#transactions.delete(transaction);
    this.#kernel.request(type, sent, transaction, (reply) => {
      if (type === WATCH && reply.type === ERROR) this.#watches.delete(sent);
      else if (reply.type === TRANSACTION_START) this.#begin(reply);
      this.deliver(message(reply.type, reply.text, request, transaction));
    });
  }

  /** Returns the payload of a watch on the ring, where files share the tokens. */
  #withPrefix(text: string): string {
    const [path, token] = text.split("\0");
    return `${path}\0${this.#prefix}:${token}\0`;
  }

  #begin({ text }: TextMessage): void {
    const transaction = parseInt(text);
    if (this.#isClosed) this.#abort(transaction);
    else this.#transactions.add(transaction);
  }

  #abort(transaction: number): void {
    this.#kernel.request(TRANSACTION_END, "F\0", transaction, () => {});
  }

  /** Has a message arrive. */
  deliver(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#arrived.push(bytes);
    this.#onArrival?.();
  }

  receive(bytes: Uint8Array<ArrayBuffer>): number {
    this.#kernel.take();
    let size = 0;
    while (size < bytes.length && this.#arrived.length > 0) {
      const next = this.#arrived[0]!;
      const part = next.subarray(0, bytes.length - size);
      bytes.set(part, size);
      size += part.length;
      if (part.length < next.length) this.#arrived[0] = next.subarray(part.length);
      else this.#arrived.shift();
    }
    return size;
  }

  whenReadable(callback: () => void): () => void {
    let isStopped = false;
    this.#onArrival = () => {
      this.#onArrival = undefined;
      nextTurn(() => {
        if (!isStopped) callback();
      });
    };
    if (this.#arrived.length > 0) this.#onArrival();
    else this.#kernel.listen();
    return () => {
      if (isStopped) return;
      isStopped = true;
      this.#onArrival = undefined;
      this.#kernel.relax();
    };
  }

  /** Closes the file: the kernel aborts its transactions and ends its watches, in a while. */
  close(): void {
    this.#isClosed = true;
    this.#kernel.forget(this.#prefix);
    for (const transaction of this.#transactions) this.#abort(transaction);
    for (const watch of this.#watches) this.#kernel.request(UNWATCH, watch, 0, () => {});
  }
}
