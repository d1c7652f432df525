import { nextTurn } from "../../../src/contract/event_loop.ts";
import { beginWait, endWait } from "../keep_alive.ts";

/** The caller of `whenReadable`. */
interface Waiting {
  readonly callback: () => void;
  /** Whether it keeps the program alive. While a turn of the event loop is due, that does. */
  keepsAlive: boolean;
}

/** Messages on their way to a connection: they arrive in a later turn of the event loop, in order. */
export class Mailbox {
  /** Those that are not taken. */
  #messages: Uint8Array<ArrayBuffer>[] = [];
  /** How many of them have arrived. */
  #arrived = 0;
  /** How many bytes of the first are taken. */
  #taken = 0;
  /** The events on their way. */
  readonly #events = new Set<string>();
  #waiting: Waiting | undefined;
  /** Whether a turn is due in which messages arrive, or the waiter is called back. */
  #due = false;
  #ended = false;

  /** Sends a message. */
  push(message: Uint8Array<ArrayBuffer>): void {
    if (this.#ended) return;
    this.#messages.push(message);
    this.#arriveLater();
  }

  /**
   * Sends an event, unless one with the same key is on its way.
   *
   * @param key `undefined` if it is to be sent in any case.
   */
  pushEvent(message: Uint8Array<ArrayBuffer>, key: string | undefined): void {
    if (key !== undefined) {
      if (this.#events.has(key)) return;
      this.#events.add(key);
    }
    this.push(message);
  }

  /** Takes bytes of messages that have arrived. */
  receive(bytes: Uint8Array<ArrayBuffer>): number {
    let size = 0;
    let read = 0;
    while (read < this.#arrived && size < bytes.length) {
      const message = this.#messages[read]!;
      const left = message.length - this.#taken;
      const room = bytes.length - size;
      if (left > room) {
        bytes.set(message.subarray(this.#taken, this.#taken + room), size);
        this.#taken += room;
        size += room;
        break;
      }
      bytes.set(this.#taken === 0 ? message : message.subarray(this.#taken), size);
      size += left;
      this.#taken = 0;
      read++;
    }
    if (read === this.#messages.length) this.#messages.length = 0;
    else if (read > 0) this.#messages.splice(0, read);
    this.#arrived -= read;
    return size;
  }

  /** Calls back once, as soon as a message has arrived. */
  whenReadable(callback: () => void): () => void {
    if (this.#ended) return () => {};
    this.#stop(this.#waiting);
    const waiting = { callback, keepsAlive: false };
    this.#waiting = waiting;
    if (this.#arrived > 0) this.#arriveLater();
    else if (!this.#due) keepAlive(waiting);
    return () => this.#stop(waiting);
  }

  #stop(waiting: Waiting | undefined): void {
    if (waiting === undefined || this.#waiting !== waiting) return;
    this.#waiting = undefined;
    if (waiting.keepsAlive) endWait();
  }

  #arriveLater(): void {
    if (this.#due) return;
    this.#due = true;
    nextTurn(() => {
      this.#due = false;
      this.#arrived = this.#messages.length;
      this.#events.clear();
      const waiting = this.#waiting;
      if (waiting === undefined) return;
      // Everything may have been taken meanwhile.
      if (this.#arrived === 0) return keepAlive(waiting);
      this.#stop(waiting);
      waiting.callback();
    });
  }

  /** Throws all messages away, and calls nobody back any more. */
  end(): void {
    this.#ended = true;
    this.#messages = [];
    this.#arrived = 0;
    this.#stop(this.#waiting);
  }
}

/** Keeps the program alive for a waiter, now that no turn of the event loop is due. */
function keepAlive(waiting: Waiting): void {
  if (waiting.keepsAlive) return;
  waiting.keepsAlive = true;
  beginWait();
}
