import { GrantError } from "../contract/errors.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import type { EventChannel } from "../events/event_channel.ts";
import type { EventChannels } from "../events/event_channels.ts";
import type { GrantAllocator } from "../grants/allocator.ts";
import type { Share } from "../grants/share.ts";
import { runAll } from "../shared/run_all.ts";
import type { Keys } from "./keys.ts";
import { CLIENT_LIVE, GONE, GRANTS_AT, HERE, NOT_YET, ORDERS_AT, SEEN, SERVER, SERVER_LIVE, WROTE } from "./layout.ts";
import type { Link } from "./link.ts";
import { type Orders, pagesOf, placeInPage } from "./orders.ts";
import { WholeRing } from "./ring_memory.ts";
import { RingReader } from "./ring_reader.ts";
import { RingWriter } from "./ring_writer.ts";
import { MappedPage } from "./shared_page.ts";

/** Memory and a port for one client, as its server has set them up. */
export class Slot implements Link {
  readonly keys: Keys;
  readonly reader: RingReader;
  readonly writer: RingWriter;
  readonly channel: EventChannel;
  readonly #events: EventChannels;
  readonly #share: Share;
  readonly #page: MappedPage;

  /**
   * Sets up a slot.
   *
   * @param client The domid of the client.
   * @throws {GrantError} if there are too few pages, references or ports.
   */
  constructor(allocator: GrantAllocator, events: EventChannels, client: number, { left, right }: Orders) {
    this.#events = events;
    // Before the memory, because its unmap notify names the port.
    this.channel = events.bindUnbound(client);
    const { port } = this.channel;
    try {
      this.#share = allocator.share(client, {
        pages: 1 + pagesOf(left) + pagesOf(right),
        writable: true,
        unmapNotify: { clearByte: SERVER_LIVE, eventPort: port },
      });
    } catch (error) {
      this.channel.unbind();
      throw error;
    }
    const { bytes, grefs } = this.#share;
    const view = new DataView(bytes.buffer, bytes.byteOffset, PAGE_SIZE);
    view.setUint16(ORDERS_AT, left, true);
    view.setUint16(ORDERS_AT + 2, right, true);
    for (let index = 1; index < grefs.length; index++) view.setUint32(GRANTS_AT + 4 * (index - 1), grefs[index]!, true);
    this.#page = new MappedPage(bytes);
    this.#page.storeByte(CLIENT_LIVE, NOT_YET);
    this.#page.storeByte(SERVER_LIVE, HERE);
    // As C does: the first bytes of a client always come with an event.
    this.#page.setBits(SERVER.asks, WROTE);
    const ring = (order: number, firstPage: number) => {
      const start = placeInPage(order) ?? PAGE_SIZE * firstPage;
      return new WholeRing(bytes.subarray(start, start + 2 ** order));
    };
    const notify = () => this.channel.notify();
    this.reader = new RingReader(this.#page, SERVER, ring(left, 1), 2 ** left, notify);
    this.writer = new RingWriter(this.#page, SERVER, ring(right, 1 + pagesOf(left)), 2 ** right, notify);
    this.keys = { gref: grefs[0]!, port };
  }

  /** Waits until a client has come. It may be gone again by then. */
  async joined(signal: AbortSignal): Promise<void> {
    while (!this.hasClient) {
      try {
        await this.channel.wait({ signal });
      } catch (error) {
        // The byte tells what a lost event would have told.
        const isLost = error instanceof GrantError && error.code === "events-lost";
        if (!isLost || this.channel.closed) throw error;
        this.resetEvents();
      }
    }
  }

  /**
   * Marks that the client was seen. When it leaves, another client may find the keys, bind the port, which is free
   * again, and say that it is here, all before this side looks. The mark would be gone then.
   */
  markSeen(): void {
    if (!this.channel.closed) this.#page.replaceByte(CLIENT_LIVE, HERE, SEEN);
  }

  /** Whether a client has come, as long as there is memory. It may be gone again. */
  get hasClient(): boolean {
    return !this.channel.closed && this.#page.loadByte(CLIENT_LIVE) !== NOT_YET;
  }

  peerIsHere(): boolean {
    return this.#page.loadByte(CLIENT_LIVE) === SEEN;
  }

  isSpoiled(): boolean {
    return this.#page.loadByte(CLIENT_LIVE) === HERE;
  }

  calm(): void {
    // A server does nothing by itself.
  }

  resetEvents(): void {
    this.#events.reset();
  }

  /** Tells clients that this side has left, and keeps the memory and the port as long as keys name them. */
  leave(): void {
    this.#page.storeByte(SERVER_LIVE, GONE);
    this.channel.notify();
  }

  release(): void {
    if (this.channel.closed) return;
    runAll(
      () => this.#page.storeByte(SERVER_LIVE, GONE),
      () => this.#share.release(),
      () => this.channel.notify(),
      () => this.channel.unbind(),
    );
  }
}
