import { setImmediate } from "node:timers";
import { type EventChannel, EventChannels, GrantError, GrantMapper, type XenDomain } from "../../mod.ts";
import { BackRing, type DeviceNodes, PvError } from "../../src/pv/mod.ts";
import type { Disk } from "./disk.ts";
import { PROTOCOLS } from "./features.ts";
import { PageAccess } from "./page_access.ts";
import { decodeRequest, encodeResponse, SLOT_SIZE } from "./protocol.ts";
import { RequestServer, type ServedFeatures } from "./request_server.ts";
import { Undo } from "./undo.ts";
import { within } from "./waiting.ts";

/** How many requests are carried out at once. The others wait in the ring. */
const MOST_AT_ONCE = 64;
/** How many requests are taken before the event loop turns, however fast the frontend is. */
const MOST_IN_A_TURN = 256;

/** What a frontend has published. */
interface Published {
  readonly grefs: readonly number[];
  readonly port: number;
  readonly isPersistent: boolean;
}

/**
 * Reads what a frontend has published, and checks it.
 *
 * @throws {PvError} `protocol` if it makes no sense.
 */
async function readPublished(frontend: DeviceNodes, maxOrder: number): Promise<Published> {
  const protocol = await frontend.text("protocol") ?? "x86_32-abi";
  if (!PROTOCOLS.includes(protocol)) {
    // Its text goes into logs and to terminals.
    const shown = protocol.slice(0, 32).replace(/[^\w-]/g, "?");
    throw refused(`the layout ${shown} is not one of ${PROTOCOLS.join(" and ")}`);
  }
  const order = await frontend.text("ring-page-order") === undefined
    ? undefined
    : await frontend.number("ring-page-order");
  if (order !== undefined && order > maxOrder) throw refused(`2^${order} pages are more than 2^${maxOrder}`);
  if (await frontend.number("multi-queue-num-queues", 1) !== 1) throw refused("it wants several queues");
  const names = order === undefined
    ? ["ring-ref"]
    : Array.from({ length: 2 ** order }, (_, index) => `ring-ref${index}`);
  const grefs = await Promise.all(names.map((name) => frontend.number(name)));
  const port = await frontend.number("event-channel");
  if (grefs.some((gref) => gref > 0xffff_ffff) || port > 0x7fff_ffff) throw refused("a number is out of bounds");
  return { grefs, port, isPersistent: await frontend.number("feature-persistent", 0) === 1 };
}

function refused(what: string): PvError {
  return new PvError(`Cannot serve the disk: ${what}.`, { code: "protocol", operation: "serve" });
}

/** A connection of a backend to a frontend: takes requests, and answers them. */
export class ServedConnection {
  readonly #ring: BackRing;
  readonly #channel: EventChannel;
  readonly #events: EventChannels;
  readonly #pages: PageAccess;
  readonly #server: RequestServer;
  readonly #release: () => void;
  readonly #broken = Promise.withResolvers<unknown>();
  readonly #slot = new Uint8Array(SLOT_SIZE);
  #active = 0;
  #takenInTurn = 0;
  #isStopped = false;
  #isPushing = false;
  /** Fulfilled when nothing is under way any more. */
  readonly #idle = Promise.withResolvers<void>();

  private constructor(
    ring: BackRing,
    events: EventChannels,
    channel: EventChannel,
    pages: PageAccess,
    server: RequestServer,
    release: () => void,
  ) {
    this.#ring = ring;
    this.#events = events;
    this.#channel = channel;
    this.#pages = pages;
    this.#server = server;
    this.#release = release;
  }

  /** Maps what a frontend has published. If that fails, nothing is left. */
  static async open(
    domain: Pick<XenDomain, "maps" | "events">,
    domid: number,
    frontend: DeviceNodes,
    disk: Disk,
    features: ServedFeatures & { readonly persistent: boolean; readonly maxOrder: number },
  ): Promise<ServedConnection> {
    const { grefs, port, isPersistent } = await readPublished(frontend, features.maxOrder);
    const mapper = new GrantMapper(domain);
    const events = new EventChannels(domain);
    const pages = new PageAccess(mapper, domid, isPersistent && features.persistent);
    const undo = new Undo();
    undo.push(() => events.close());
    undo.push(() => mapper.close());
    undo.push(() => pages.release());
    try {
      const memory = mapper.map(domid, grefs, { writable: true });
      undo.push(() => memory.unmap());
      const ring = BackRing.attach(memory, { slotSize: SLOT_SIZE });
      const channel = events.bindInterdomain(domid, port);
      const server = new RequestServer(disk, pages, features);
      return new ServedConnection(ring, events, channel, pages, server, () => undo.run());
    } catch (error) {
      undo.run();
      throw error;
    }
  }

  /** Fulfilled with the reason when the frontend broke the protocol, or the system failed. */
  get broken(): Promise<unknown> {
    return this.#broken.promise;
  }

  /** Fulfilled when it takes no more requests, and the disk does nothing for it any more. */
  get idle(): Promise<void> {
    return this.#idle.promise;
  }

  /** How many pages of the frontend are mapped, beside the ring. */
  get mapped(): number {
    return this.#pages.mapped;
  }

  /** Takes requests from now on. */
  start(): void {
    this.#listen();
  }

  async #listen(): Promise<void> {
    while (!this.#channel.closed) {
      try {
        // The frontend may have sent its event before this side was bound.
        this.#takeRequests();
        for await (const _ of this.#channel.events()) this.#takeRequests();
      } catch (error) {
        if (this.#channel.closed) return;
        try {
          if (!(error instanceof GrantError && error.code === "events-lost")) throw error;
          this.#events.reset();
        } catch (cause) {
          return this.#break(cause);
        }
      }
    }
  }

  #takeRequests(): void {
    if (this.#isStopped || this.#takenInTurn >= MOST_IN_A_TURN) return;
    if (this.#takenInTurn === 0) setImmediate(() => this.#turn());
    do {
      while (this.#active < MOST_AT_ONCE && this.#takenInTurn < MOST_IN_A_TURN && this.#ring.take(this.#slot)) {
        this.#takenInTurn++;
        this.#serve();
      }
      // What is left is taken when one of these is done, or after a turn.
      if (this.#active >= MOST_AT_ONCE || this.#takenInTurn >= MOST_IN_A_TURN) return;
    } while (this.#ring.ask());
  }

  /** The event loop has turned. */
  #turn(): void {
    const isDue = this.#takenInTurn >= MOST_IN_A_TURN;
    this.#takenInTurn = 0;
    if (!isDue) return;
    try {
      this.#takeRequests();
    } catch (error) {
      this.#break(error);
    }
  }

  async #serve(): Promise<void> {
    this.#active++;
    const request = decodeRequest(this.#slot);
    const status = await this.#server.serve(request);
    this.#active--;
    this.#answer(encodeResponse(request.id, request.answers, status));
  }

  #answer(response: Uint8Array): void {
    try {
      // Its pages are unmapped already if the frontend has not waited.
      if (!this.#channel.closed) this.#ring.put(response);
      if (!this.#isPushing) {
        this.#isPushing = true;
        // Later, so that responses that are ready together are announced together.
        queueMicrotask(() => this.#push());
      }
    } catch (error) {
      this.#break(error);
    }
    this.#checkIdle();
  }

  #push(): void {
    this.#isPushing = false;
    if (this.#channel.closed) return;
    try {
      if (this.#ring.push()) this.#channel.notify();
      this.#takeRequests();
    } catch (error) {
      this.#break(error);
    }
  }

  #checkIdle(): void {
    if (this.#isStopped && this.#active === 0) this.#idle.resolve();
  }

  #break(error: unknown): void {
    this.#isStopped = true;
    this.#broken.resolve(error);
  }

  /**
   * Takes no more requests, waits until those that are under way are answered, and unmaps everything.
   *
   * @param timeout How long to wait, in milliseconds. What the disk does later is not answered.
   */
  async close(timeout: number): Promise<void> {
    this.#isStopped = true;
    this.#checkIdle();
    await within(timeout, this.idle);
    // Whoever still waits for an answer is told.
    this.#push();
    this.#release();
  }
}
