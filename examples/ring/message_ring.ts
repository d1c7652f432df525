/**
 * Sends messages both ways between two domains, over one shared page and one event channel. Copy this folder, and
 * change it.
 *
 * The page has a ring for each direction ([layout.ts](layout.ts), [one_way.ts](one_way.ts)). The event channel says
 * that something in the page has changed; an event is sent only if the other side sleeps. docs/protocol.md describes
 * how the two sides find each other, and how a conversation ends.
 *
 * @module
 */
import type {
  EventChannel,
  EventChannels,
  GrantAllocator,
  GrantMapper,
  WaitOptions,
  WritableMapping,
} from "../../mod.ts";
import { CLIENT_LINE, MAGIC, OPEN, type Page, pageOf, SERVER_LINE, WORD } from "./layout.ts";
import { MAX_MESSAGE, PeerError, Reader, Writer } from "./one_way.ts";

export { MAX_MESSAGE, PeerError } from "./one_way.ts";

/** The other side is gone without having finished: it was killed, or gave up. */
export class PeerGoneError extends Error {
  override readonly name = "PeerGoneError";
}

/** One side of the conversation. */
export class MessageRing implements Disposable {
  readonly #page: Page;
  readonly #channel: EventChannel;
  readonly #release: () => void;
  readonly #reader: Reader;
  readonly #writer: Writer;
  /** The number of this side's calls that sleep. */
  #sleepers = 0;
  /** The calls of `send()` that are under way, in order. */
  readonly #senders = new Set<object>();
  #finished = false;
  #closed = false;

  constructor(page: Page, channel: EventChannel, release: () => void) {
    this.#page = page;
    this.#channel = channel;
    this.#release = release;
    this.#reader = new Reader(page);
    this.#writer = new Writer(page);
    Atomics.store(page.own, WORD.open, OPEN);
  }

  /** Waits until the other side has connected. It may be gone again by then. */
  async connected(options: WaitOptions = {}): Promise<void> {
    await this.#until(() => Atomics.load(this.#page.other, WORD.open) !== 0 || undefined, options);
  }

  /**
   * Sends a message. If the ring is full, waits until the other side has made room. Messages are sent in the order of
   * the calls, even if a later one would fit while an earlier one waits.
   *
   * @throws {PeerGoneError} if the other side is gone.
   * @throws {PeerError} if the other side breaks the protocol.
   */
  async send(message: Uint8Array, options: WaitOptions = {}): Promise<void> {
    if (message.length > MAX_MESSAGE) {
      throw new RangeError(
        `Cannot send as the message must be at most ${MAX_MESSAGE} bytes: current value is ${message.length}`,
      );
    }
    const turn = {};
    this.#senders.add(turn);
    try {
      await this.#until(() => {
        if (this.#finished) throw new Error("Cannot send: this side has finished");
        if (this.#gone()) throw new PeerGoneError("Cannot send: the other side is gone");
        const [first] = this.#senders;
        if (first !== turn || !this.#writer.write(message)) return undefined;
        // At once, because the same event may have woken the next call.
        this.#senders.delete(turn);
        return true;
      }, options);
    } finally {
      // If this call gives up, the next one sleeps on. The ring is not empty then, so an event comes when the other
      // side reads.
      this.#senders.delete(turn);
    }
    this.#wakeOther();
  }

  /**
   * Receives the next message.
   *
   * @returns The message, or `undefined` if the other side has finished and everything was received.
   * @throws {PeerGoneError} if the other side is gone without having finished.
   * @throws {PeerError} if the other side breaks the protocol.
   */
  async receive(options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const received = await this.#until(() => {
      // In this order: messages that were written before the other side finished, or was gone, can still be read.
      const gone = this.#gone();
      const finished = Atomics.load(this.#page.other, WORD.finished) !== 0;
      const message = this.#reader.read();
      if (message || finished) return { message };
      if (gone) throw new PeerGoneError("Cannot receive: the other side is gone without having finished");
      return undefined;
    }, options);
    if (received.message) this.#wakeOther();
    return received.message;
  }

  /** Receives messages until the other side finishes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    for (let message = await this.receive(); message; message = await this.receive()) yield message;
  }

  /** Tells the other side that this side will send no more. Its messages can still be received. */
  finish(): void {
    this.#checkOpen();
    this.#finished = true;
    Atomics.store(this.#page.own, WORD.finished, 1);
    this.#wakeOther();
  }

  /**
   * Ends the conversation. The unmap notify tells the other side, by its byte and its event, as if this program had
   * died. The other side can still read what was sent, because the page stays while it is mapped.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#release();
    } finally {
      // Last, because the notify needs the channel. Waits on this side end with `closed`.
      this.#channel.unbind();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("Cannot use the ring: this side is closed. Make another one.");
  }

  /** Whether the other side was there and is gone. */
  #gone(): boolean {
    const open = Atomics.load(this.#page.other, WORD.open);
    return open !== 0 && (open & 0xff) === 0;
  }

  /**
   * Repeats an attempt until it returns something, and sleeps in between.
   *
   * No change is missed: this side sets `asleep`, and then tries once more. The other side changes something, and then
   * reads `asleep`. Whichever is first, one of them sees what the other wrote, as `Atomics` keep the order on both
   * sides.
   */
  async #until<T>(attempt: () => T | undefined, options: WaitOptions): Promise<T> {
    this.#checkOpen();
    let result = attempt();
    if (result !== undefined) return result;
    const { own } = this.#page;
    this.#sleepers++;
    try {
      for (;;) {
        Atomics.store(own, WORD.asleep, 1);
        result = attempt();
        if (result !== undefined) return result;
        await this.#channel.wait(options);
        // An event may be an old one, or come for nothing: it is only a reason to look.
        this.#checkOpen();
      }
    } finally {
      this.#sleepers--;
      if (this.#sleepers === 0 && !this.#closed) Atomics.store(own, WORD.asleep, 0);
    }
  }

  #wakeOther(): void {
    // If this side has been closed in the meantime, the unmap notify has told the other side, and the page is gone.
    if (this.#closed) return;
    if (Atomics.load(this.#page.other, WORD.asleep) !== 0) this.#channel.notify();
  }
}

/** The server's side, and what the client needs to connect. */
export interface Served {
  readonly ring: MessageRing;
  /** The grant reference of the page. */
  readonly gref: number;
  /** The port that the client binds to. */
  readonly port: number;
}

/**
 * Makes a page and an event channel for one domain.
 *
 * @param client The domid of the domain that may connect.
 */
export function serve(allocator: GrantAllocator, events: EventChannels, client: number): Served {
  const channel = events.bindUnbound(client);
  try {
    const pages = allocator.allocate(client, { writable: true });
    let view: WritableMapping | undefined;
    const release = () => {
      // The notify fires when the page is neither mapped here nor allocated any more.
      try {
        view?.unmap();
      } finally {
        pages.free();
      }
    };
    try {
      view = pages.map();
      // From here on the client learns when this side ends, whatever ends it.
      pages.setUnmapNotify({ clearByte: SERVER_LINE, eventPort: channel.port });
      const page = pageOf(view.bytes, "server");
      const ring = new MessageRing(page, channel, release);
      Atomics.store(page.magic, 0, MAGIC);
      return { ring, gref: pages.grefs[0]!, port: channel.port };
    } catch (error) {
      release();
      throw error;
    }
  } catch (error) {
    channel.unbind();
    throw error;
  }
}

/**
 * Connects to a domain that serves.
 *
 * @param server The domid of the server.
 * @param gref The grant reference of the server's page.
 * @param port The server's port.
 * @throws {PeerError} if the page does not have this layout.
 */
export function connect(
  mapper: GrantMapper,
  events: EventChannels,
  server: number,
  gref: number,
  port: number,
): MessageRing {
  const channel = events.bindInterdomain(server, port);
  try {
    const view = mapper.map(server, [gref], { writable: true });
    try {
      const page = pageOf(view.bytes, "client");
      const magic = Atomics.load(page.magic, 0);
      if (magic !== MAGIC) {
        throw new PeerError(
          `the page of reference ${gref} of domain ${server} has another layout: its magic is ${magic}`,
        );
      }
      view.setUnmapNotify({ clearByte: CLIENT_LINE, eventPort: channel.port });
      const ring = new MessageRing(page, channel, () => view.unmap());
      // Wakes `connected()` of the server.
      channel.notify();
      return ring;
    } catch (error) {
      view.unmap();
      throw error;
    }
  } catch (error) {
    channel.unbind();
    throw error;
  }
}
