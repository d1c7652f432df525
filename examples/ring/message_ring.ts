/**
 * Messages both ways between two domains, over one shared page and one event channel: to be copied and changed.
 *
 * The page has a ring for each way ([layout.ts](layout.ts), [one_way.ts](one_way.ts)). The event channel says that something
 * has changed in it; an event goes to the other side only if it sleeps. How the two find each other, and what each end of such a
 * conversation looks like, is in docs/protocol.md.
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

/** The other side is gone, and had not finished: it was killed, or gave up. */
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
  /** How many of this side's calls sleep. */
  #sleepers = 0;
  /** The calls of `send()` that are under way, in their order. */
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

  /** Waits until the other side is there: or was, and is gone again. */
  async connected(options: WaitOptions = {}): Promise<void> {
    await this.#until(() => Atomics.load(this.#page.other, WORD.open) !== 0 || undefined, options);
  }

  /**
   * Sends a message. Where the ring is full, it waits until the other side has made room. Messages go in the order of the calls,
   * also where one waits, and a shorter one that comes after it would fit.
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
        if (this.#finished) throw new Error("Cannot send as this side has finished: send before");
        if (this.#gone()) throw new PeerGoneError("Cannot send as the other side is gone");
        const [first] = this.#senders;
        if (first !== turn || !this.#writer.write(message)) return undefined;
        // At once: the next one may have been woken by the same event.
        this.#senders.delete(turn);
        return true;
      }, options);
    } finally {
      // One that gives up leaves the next one asleep: the ring is not empty then, so an event comes when the other side reads.
      this.#senders.delete(turn);
    }
    this.#wakeOther();
  }

  /**
   * Receives the next message, or `undefined` if the other side has finished and everything was received.
   *
   * @throws {PeerGoneError} if the other side is gone and had not finished.
   * @throws {PeerError} if the other side breaks the protocol.
   */
  async receive(options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const received = await this.#until(() => {
      // In this order: what was written before it finished, or was gone, is still there to be read.
      const gone = this.#gone();
      const finished = Atomics.load(this.#page.other, WORD.finished) !== 0;
      const message = this.#reader.read();
      if (message || finished) return { message };
      if (gone) throw new PeerGoneError("Cannot receive as the other side is gone, and had not finished");
      return undefined;
    }, options);
    if (received.message) this.#wakeOther();
    return received.message;
  }

  /** The other side's messages, until it finishes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    for (let message = await this.receive(); message; message = await this.receive()) yield message;
  }

  /** Says that nothing more will be sent. The other side's messages are received all the same. */
  finish(): void {
    this.#checkOpen();
    this.#finished = true;
    Atomics.store(this.#page.own, WORD.finished, 1);
    this.#wakeOther();
  }

  /**
   * Ends the conversation: the other side is told, by the byte and the event of the unmap notify, as if this program had died.
   * What this side has finished, the other one can still read, as the page is there while it maps it.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#release();
    } finally {
      // Last, so that the event finds the channel bound. Whoever waits here is told `closed`.
      this.#channel.unbind();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("Cannot go on as this side is closed: make another one");
  }

  /** Whether the other side was there and is no more. */
  #gone(): boolean {
    const open = Atomics.load(this.#page.other, WORD.open);
    return open !== 0 && (open & 0xff) === 0;
  }

  /**
   * Tries until something comes of it, asleep in between.
   *
   * Nothing is missed: this side says that it sleeps, and then tries once more. The other side changes something, and then looks
   * whether this side sleeps. Whichever is first, one sees the other's word, as `Atomics` keep the two in order on both sides.
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
        // An event may be an old one, or come for nothing: it is a reason to look, no more.
        this.#checkOpen();
      }
    } finally {
      this.#sleepers--;
      if (this.#sleepers === 0 && !this.#closed) Atomics.store(own, WORD.asleep, 0);
    }
  }

  #wakeOther(): void {
    // Closed right after the page was changed: that has told the other side as well, and the page is gone.
    if (this.#closed) return;
    if (Atomics.load(this.#page.other, WORD.asleep) !== 0) this.#channel.notify();
  }
}

/** The server's side, and what the client has to be told. */
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
 * @param client The domain that may connect.
 */
export function serve(allocator: GrantAllocator, events: EventChannels, client: number): Served {
  const channel = events.bindUnbound(client);
  try {
    const pages = allocator.allocate(client, { writable: true });
    let view: WritableMapping | undefined;
    const release = () => {
      // The notify fires when the page is neither mapped here nor allocated.
      try {
        view?.unmap();
      } finally {
        pages.free();
      }
    };
    try {
      view = pages.map();
      // From here on the client is told when this side ends, whatever ends it.
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
 * @param server The domain.
 * @param gref What it said: the grant reference of its page.
 * @param port What it said: its port.
 * @throws {PeerError} if the page is not laid out for this.
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
        throw new PeerError(`reference ${gref} of domain ${server} is no such page: it begins with ${magic}`);
      }
      view.setUnmapNotify({ clearByte: CLIENT_LINE, eventPort: channel.port });
      const ring = new MessageRing(page, channel, () => view.unmap());
      // The server waits for this one.
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
