import { type EventChannel, EventChannels, GrantDevice, type Share, type XenDomain } from "../../mod.ts";
import {
  FrontendDevice,
  FrontRing,
  GrantPool,
  type NodeValues,
  type PvWaitOptions,
  XenbusState,
} from "../../src/pv/mod.ts";
import { type Offer, ownProtocol, type Properties, readOffer, readProperties } from "./features.ts";
import { diskNumber, KIND } from "./names.ts";
import { MOST_DIRECT, SLOT_SIZE } from "./protocol.ts";
import { Undo } from "./undo.ts";
import { abortable } from "./waiting.ts";

/** How to use a disk. The time limit is also that of the end of the connection. */
export interface AttachOptions extends PvWaitOptions {
  /** The pages of the ring, as a power of two: 0 to 4. A page has 32 requests. Default is 0. */
  readonly ringOrder?: number | undefined;
  /** The pages for data, which are taken from those that the domain may grant. Default is 320. */
  readonly pages?: number | undefined;
  /** Whether pages stay granted for the next request, if the backend wants that, too. Default is true. */
  readonly persistent?: boolean | undefined;
  /** Whether to use requests of more than 44 KiB, if the backend takes them. Default is true. */
  readonly indirect?: boolean | undefined;
}

/** The most segments of a request: 1 MiB. */
const MOST_SEGMENTS = 256;
const PAGES = 320;
const TIMEOUT = 10_000;

/** What a disk needs while it is attached. */
export interface Connection {
  readonly device: FrontendDevice;
  readonly ring: FrontRing;
  readonly channel: EventChannel;
  readonly pool: GrantPool;
  readonly properties: Properties;
  /** The most bytes of a request. */
  readonly maxBytes: number;
  /** How long the backend may take when it begins and ends, in milliseconds. */
  readonly timeout: number;
  /** Continues after the system has lost events. */
  resetEvents(): void;
  /** Frees the memory and the port. Only after the backend has ended. */
  release(): void;
}

/**
 * Connects to the backend of a disk. If that fails, ends what was begun, and frees everything. A call that is given up
 * fails at once, before that is done.
 */
export function connect(
  domain: Pick<XenDomain, "grants" | "events" | "store">,
  name: string,
  options: AttachOptions,
): Promise<Connection> {
  return abortable(options.signal, begin(domain, name, options));
}

async function begin(
  domain: Pick<XenDomain, "grants" | "events" | "store">,
  name: string,
  options: AttachOptions,
): Promise<Connection> {
  const { signal, timeout = TIMEOUT, ringOrder = 0, pages = PAGES, persistent = true, indirect = true } = options;
  const wait = { signal, timeout };
  const device = await FrontendDevice.open(domain, KIND, diskNumber(name), { signal });
  const undo = new Undo();
  undo.push(() => device.close());
  try {
    await device.start(wait);
    const offer = await readOffer(device.backend);
    const grants = new GrantDevice(domain);
    undo.push(() => grants.close());
    const events = new EventChannels(domain);
    undo.push(() => events.close());
    const channel = events.bindUnbound(device.domid);
    const allocator = grants.open();
    const order = Math.min(ringOrder, offer.maxOrder);
    const share = allocator.share(device.domid, { pages: 2 ** order, writable: true });
    undo.push(() => share.release());
    const ring = FrontRing.create(share.mapping, { slotSize: SLOT_SIZE });
    await device.publish(
      {
        ...ringNodes(share, order),
        "event-channel": channel.port,
        protocol: ownProtocol(),
        "feature-persistent": persistent ? 1 : 0,
      },
      XenbusState.Initialised,
      { signal },
    );
    await device.waitForBackend(XenbusState.Connected, wait);
    const properties = await readProperties(device.backend);
    const pool = new GrantPool(allocator, device.domid, { pages, persistent: persistent && properties.persistent });
    undo.push(() => pool.close());
    await device.publish({}, XenbusState.Connected, { signal });
    signal?.throwIfAborted();
    return {
      device,
      ring,
      channel,
      pool,
      properties,
      maxBytes: 4096 * maxSegments(indirect ? offer : { ...offer, maxIndirect: 0 }, pages),
      timeout,
      resetEvents: () => events.reset(),
      release: () => undo.run(),
    };
  } catch (error) {
    try {
      await device.end({ timeout: Math.min(timeout, TIMEOUT) });
    } catch {
      // The first error is the one that counts.
    }
    undo.run();
    throw error;
  }
}

/**
 * The references of the ring. A backend looks for numbered ones if there is an order, even if it is 0. A killed driver,
 * or the kernel's, may have left nodes that say otherwise.
 */
function ringNodes({ grefs }: Share, order: number): NodeValues {
  const others = { "multi-queue-num-queues": undefined };
  if (order === 0) return { ...others, "ring-page-order": undefined, "ring-ref": grefs[0]! };
  return {
    ...others,
    "ring-page-order": order,
    ...Object.fromEntries(grefs.map((gref, index) => [`ring-ref${index}`, gref])),
  };
}

/** The most segments of a request. An indirect one needs one more page, for the segments themselves. */
function maxSegments({ maxIndirect }: Offer, pages: number): number {
  if (maxIndirect <= MOST_DIRECT || pages <= MOST_DIRECT + 1) return Math.min(MOST_DIRECT, pages);
  return Math.min(maxIndirect, MOST_SEGMENTS, pages - 1);
}
