/** Peers of which each byte is written by hand, as libxenvchan lays it out. */
import type { MockXen } from "../../backends/mock.ts";
import { type EventChannel, EventChannels, GrantDevice, GrantMapper, type WritableMapping } from "../../mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

/** Where things are in the page, as Xen's public header `io/libxenvchan.h` lays them out: by offset, in bytes. */
export const AT = {
  leftCons: 0,
  leftProd: 4,
  rightCons: 8,
  rightProd: 12,
  leftOrder: 16,
  rightOrder: 18,
  clientLive: 20,
  serverLive: 21,
  clientNotify: 22,
  serverNotify: 23,
  grants: 24,
} as const;

/** A page that is read and written by hand. */
export class RawPage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  word(at: number): number {
    return this.view.getUint32(at, true);
  }

  setWord(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  order(at: number): number {
    return this.view.getUint16(at, true);
  }
}

/** How a server is made by hand. */
export interface RawServerOptions {
  readonly left?: number;
  readonly right?: number;
  /** Whether each page is an allocation of its own, so that they lie apart on a simulated Xen. */
  readonly apart?: boolean;
  /** Whether the client may write to the pages of the right ring. */
  readonly rightWritable?: boolean;
  readonly serverLive?: number;
  readonly path?: string;
  readonly publish?: boolean;
}

/** A server in domain 1 for domain 0 that is made by hand, as libxenvchan makes it. */
export class RawServer {
  readonly page: RawPage;
  readonly left: readonly Uint8Array<ArrayBuffer>[];
  readonly right: readonly Uint8Array<ArrayBuffer>[];
  readonly channel: EventChannel;
  readonly gref: number;
  readonly path: string;
  readonly #xen: MockXen;
  readonly #device: GrantDevice;
  readonly #events: EventChannels;
  readonly #views: WritableMapping[] = [];

  private constructor(xen: MockXen, domain: ReturnType<MockXen["domain"]>, options: RawServerOptions) {
    const { left = 12, right = 12, apart = false, rightWritable = true, serverLive = 1 } = options;
    this.#xen = xen;
    this.path = options.path ?? "/local/domain/1/data/vchan/0/test";
    this.#device = new GrantDevice(domain);
    this.#events = new EventChannels(domain);
    const allocator = this.#device.open();
    const allocate = (pages: number, writable: boolean) => {
      if (pages === 0) return { grefs: [], parts: [] };
      const grefs: number[] = [];
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for (let done = 0; done < pages; done += apart ? 1 : pages) {
        const shared = allocator.allocate(0, { pages: apart ? 1 : pages, writable });
        // So that even the references of pages that lie apart are not neighbours.
        if (apart) allocator.allocate(0);
        const view = shared.map();
        this.#views.push(view);
        grefs.push(...shared.grefs);
        parts.push(view.bytes);
      }
      return { grefs, parts };
    };
    const pagesOf = (order: number) => order < 12 || order > 20 ? 0 : 2 ** (order - 12);
    const main = allocate(1, true);
    const lefts = allocate(pagesOf(left), true);
    const rights = allocate(pagesOf(right), rightWritable);
    this.gref = main.grefs[0]!;
    this.page = new RawPage(main.parts[0]!);
    const inPage = (order: number) => [main.parts[0]!.subarray(2 ** order, 2 ** (order + 1))];
    this.left = lefts.parts.length > 0 ? lefts.parts : inPage(left);
    this.right = rights.parts.length > 0 ? rights.parts : inPage(right);
    this.channel = this.#events.bindUnbound(0);
    const { view, bytes } = this.page;
    view.setUint16(AT.leftOrder, left, true);
    view.setUint16(AT.rightOrder, right, true);
    bytes[AT.clientLive] = 2;
    bytes[AT.serverLive] = serverLive;
    bytes[AT.clientNotify] = 1;
    [...lefts.grefs, ...rights.grefs].forEach((gref, index) => {
      if (AT.grants + 4 * index < 4093) this.page.setWord(AT.grants + 4 * index, gref);
    });
  }

  static async open(xen: MockXen, options: RawServerOptions = {}): Promise<RawServer> {
    const server = new RawServer(xen, xen.domain(1), options);
    if (options.publish ?? true) await server.publish();
    return server;
  }

  /** Writes its keys as libxenvchan does. */
  async publish(gref: number | string = this.gref, port: number | string = this.channel.port): Promise<void> {
    using store = await XenStore.open(this.#xen.domain(1));
    const permissions = [{ domid: 1, access: "none" }, { domid: 0, access: "read" }] as const;
    await store.transaction(async (transaction) => {
      await transaction.write(`${this.path}/ring-ref`, String(gref));
      await transaction.setPermissions(`${this.path}/ring-ref`, permissions);
      await transaction.write(`${this.path}/event-channel`, String(port));
      await transaction.setPermissions(`${this.path}/event-channel`, permissions);
    });
  }

  /** Writes bytes into the right ring, and announces them. */
  write(...bytes: number[]): void {
    const size = this.right.reduce((sum, part) => sum + part.length, 0);
    let at = this.page.word(AT.rightProd);
    for (const byte of bytes) {
      let place = at++ % size;
      for (const part of this.right) {
        if (place < part.length) {
          part[place] = byte;
          break;
        }
        place -= part.length;
      }
    }
    this.page.setWord(AT.rightProd, at);
    this.channel.notify();
  }

  /** Ends it, as the end of its process does. */
  close(): void {
    this.page.bytes[AT.serverLive] = 0;
    this.channel.notify();
    for (const view of this.#views) view.unmap();
    this.#device.close();
    this.#events.close();
  }
}

/** A client in domain 0 of a server in domain 1 that is made by hand, as libxenvchan makes it. */
export class RawClient {
  readonly page: RawPage;
  readonly left: readonly Uint8Array<ArrayBuffer>[];
  readonly right: readonly Uint8Array<ArrayBuffer>[];
  readonly channel: EventChannel;
  readonly #mapper: GrantMapper;
  readonly #events: EventChannels;
  readonly #views: WritableMapping[] = [];

  private constructor(xen: MockXen, gref: number, port: number) {
    this.#events = new EventChannels(xen.domain(0));
    this.channel = this.#events.bindInterdomain(1, port);
    this.#mapper = new GrantMapper(xen.domain(0));
    const view = this.#mapper.map(1, [gref], { writable: true });
    view.setUnmapNotify({ clearByte: AT.clientLive, eventPort: this.channel.port });
    this.#views.push(view);
    this.page = new RawPage(view.bytes);
    let next = AT.grants as number;
    const ring = (order: number) => {
      if (order < 12) return [view.bytes.subarray(2 ** order, 2 ** (order + 1))];
      const grefs = Array.from({ length: 2 ** (order - 12) }, () => this.page.word((next += 4) - 4));
      const pages = this.#mapper.map(1, grefs, { writable: true });
      this.#views.push(pages);
      return pages.parts;
    };
    this.left = ring(this.page.order(AT.leftOrder));
    this.right = ring(this.page.order(AT.rightOrder));
  }

  /** Maps the memory of the server that has published itself. */
  static async open(xen: MockXen, path = "/local/domain/1/data/vchan/0/test"): Promise<RawClient> {
    using store = await XenStore.open(xen.domain(0));
    return new RawClient(
      xen,
      await store.readNumber(`${path}/ring-ref`),
      await store.readNumber(`${path}/event-channel`),
    );
  }

  /** Maps the memory of a server that was published before. */
  static of(xen: MockXen, gref: string, port: string): RawClient {
    return new RawClient(xen, Number(gref), Number(port));
  }

  /** Says that it is here. */
  join(): void {
    this.page.bytes[AT.clientLive] = 1;
    this.page.bytes[AT.serverNotify] = 1;
    this.channel.notify();
  }

  close(): void {
    this.page.bytes[AT.clientLive] = 0;
    for (const view of this.#views) view.unmap();
    this.channel.notify();
    this.#mapper.close();
    this.#events.close();
  }
}
