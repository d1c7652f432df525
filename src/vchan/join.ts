import { GrantError } from "../contract/errors.ts";
import type { EventChannel } from "../events/event_channel.ts";
import type { EventChannels } from "../events/event_channels.ts";
import type { GrantMapper } from "../maps/mapper.ts";
import type { PeerMapping, WritablePeerMapping } from "../maps/peer_mapping.ts";
import { runAll } from "../shared/run_all.ts";
import { sliceParts } from "../shared/slice_parts.ts";
import { BrokenRing } from "./broken_ring.ts";
import { VchanError } from "./errors.ts";
import type { Keys } from "./keys.ts";
import { CLIENT, CLIENT_LIVE, GONE, GRANTS_AT, HERE, NOT_YET, ORDERS_AT, READ, SERVER_LIVE, WROTE } from "./layout.ts";
import { Knock } from "./knock.ts";
import type { Link } from "./link.ts";
import { faultOf, type Orders, pagesOf, placeInPage } from "./orders.ts";
import { ReadOnlyRing, ringOf, type RingSink, type RingSource } from "./ring_memory.ts";
import { RingReader } from "./ring_reader.ts";
import { RingWriter } from "./ring_writer.ts";
import { MappedPage } from "./shared_page.ts";

/** Another client has used the memory, and has left it. */
export class UsedMemoryError extends VchanError {}

/**
 * Which memory to join: only what no client has used; also what one has left, if the server seems to have noticed; or
 * any.
 */
export type Choice = "unused" | "noticed" | "any";

/**
 * Joins a server as its client.
 *
 * @param server The domid of the server.
 * @param keys What the server has published.
 * @throws {GrantError} `port-refused` or `map-refused` if the keys name nothing that this domain may use: they are old,
 * or another client is there.
 * @throws {VchanError} `stale` if they name something that is no channel, has ended, or was used before; `protocol` if
 * the server is there and its page is wrong.
 */
export function join(mapper: GrantMapper, events: EventChannels, server: number, keys: Keys, choice: Choice): Link {
  const undo: (() => void)[] = [];
  try {
    const channel = events.bindInterdomain(server, keys.port);
    undo.push(() => channel.unbind());
    const page = mapper.map(server, [keys.gref], { writable: true });
    undo.push(() => page.unmap());
    const orders = readOrders(page, server, keys, choice);
    const count = pagesOf(orders.left) + pagesOf(orders.right);
    const grefs = new Uint32Array(page.read(GRANTS_AT, 4 * count).buffer);
    const rings = mapRings(mapper, server, page, orders, grefs, undo);
    const shared = new MappedPage(page.bytes);
    const notify = () => channel.notify();
    const reader = new RingReader(shared, CLIENT, rings.source, 2 ** orders.right, notify);
    const peerIsHere = () => shared.loadByte(SERVER_LIVE) !== GONE;
    const knock = new Knock(notify, peerIsHere);
    const announce = () => {
      notify();
      knock.begin(writer);
    };
    const writer = new RingWriter(shared, CLIENT, rings.sink, 2 ** orders.left, announce);
    // Only now, as it clears a byte: before, the page may have been something else.
    page.setUnmapNotify({ clearByte: CLIENT_LIVE, eventPort: channel.port });
    shared.storeByte(CLIENT_LIVE, HERE);
    // As C does: the first bytes of the server always come with an event.
    shared.storeByte(CLIENT.asks, WROTE);
    // As a server in C does for its first client: the first bytes of this one always come with an event.
    shared.setBits(CLIENT.answers, WROTE);
    const release = releaser(shared, channel, [...rings.mappings, page]);
    undo.push(release);
    notify();
    return {
      reader,
      writer,
      channel,
      peerIsHere,
      isSpoiled: () => false,
      calm: () => knock.stop(),
      resetEvents: () => events.reset(),
      release,
    };
  } catch (error) {
    try {
      runAll(...undo.reverse());
    } catch {
      // The first error is the one that counts.
    }
    if (error instanceof BrokenRing) throw broken(server, `${error.message} when this side joined`);
    throw error;
  }
}

/** Copies the head of the page, which may change at any time, and checks the copy. */
function readOrders(page: PeerMapping, server: number, { gref }: Keys, choice: Choice): Orders {
  const head = page.read(0, GRANTS_AT);
  const view = new DataView(head.buffer);
  const orders = { left: view.getUint16(ORDERS_AT, true), right: view.getUint16(ORDERS_AT + 2, true) };
  if (head[SERVER_LIVE] !== HERE) {
    throw new VchanError(
      `Cannot connect: no server is behind reference ${gref} of domain ${server}. It has ended and left its keys ` +
        "behind. Start it again.",
      { code: "stale", operation: "connect" },
    );
  }
  if (head[CLIENT_LIVE] !== NOT_YET && (choice === "unused" || choice === "noticed" && head[CLIENT.answers] === 0)) {
    throw new UsedMemoryError(
      `Cannot connect: another client has used the memory behind reference ${gref} of domain ${server}. Wait for the ` +
        "server to notice.",
      { code: "stale", operation: "connect" },
    );
  }
  const fault = faultOf(orders);
  if (fault !== undefined) {
    throw broken(server, `its rings have the orders ${orders.left} and ${orders.right}: ${fault}`);
  }
  return orders;
}

interface Rings {
  readonly sink: RingSink;
  readonly source: RingSource;
  readonly mappings: readonly PeerMapping[];
}

function mapRings(
  mapper: GrantMapper,
  server: number,
  page: WritablePeerMapping,
  { left, right }: Orders,
  grefs: Uint32Array,
  undo: (() => void)[],
): Rings {
  const mappings: PeerMapping[] = [];
  const map = <Pages extends PeerMapping>(pages: Pages): Pages => {
    undo.push(() => pages.unmap());
    mappings.push(pages);
    return pages;
  };
  const inPage = (order: number) => ringOf(sliceParts(page.parts, placeInPage(order)!, 2 ** order));
  const leftPages = pagesOf(left);
  const sink = leftPages === 0
    ? inPage(left)
    : ringOf(map(mapper.map(server, grefs.subarray(0, leftPages), { writable: true })).parts);
  if (pagesOf(right) === 0) return { sink, source: inPage(right), mappings };
  const pages = map(mapReadable(mapper, server, grefs.subarray(leftPages)));
  return {
    sink,
    source: "parts" in pages && pages.writable ? ringOf(pages.parts) : new ReadOnlyRing(pages, 2 ** right),
    mappings,
  };
}

/**
 * Maps the ring that this side only reads. It can be read faster if it is mapped for writing, as every server that is
 * known allows.
 */
function mapReadable(mapper: GrantMapper, server: number, grefs: Uint32Array): WritablePeerMapping | PeerMapping {
  try {
    return mapper.map(server, grefs, { writable: true });
  } catch (error) {
    if (!(error instanceof GrantError && error.code === "map-refused")) throw error;
    return mapper.map(server, grefs);
  }
}

function releaser(shared: MappedPage, channel: EventChannel, mappings: readonly PeerMapping[]): () => void {
  return () => {
    if (channel.closed) return;
    runAll(
      () => shared.storeByte(CLIENT_LIVE, GONE),
      // After the live byte: a server that asks for events again, and then looks, knows that this side is gone.
      () => shared.clearBits(CLIENT.answers, WROTE | READ),
      ...mappings.map((mapping) => () => mapping.unmap()),
      () => channel.notify(),
      () => channel.unbind(),
    );
  };
}

function broken(server: number, what: string): VchanError {
  return new VchanError(
    `Cannot connect: domain ${server} broke the protocol: ${what}. See whether the path is that of a vchan.`,
    { code: "protocol", operation: "connect" },
  );
}
