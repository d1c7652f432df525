import type { MockXen } from "../../../backends/mock.ts";
import { decodeRequest, encodeResponse, type Request, SLOT_SIZE } from "../../../examples/block/protocol.ts";
import { type EventChannel, EventChannels, GrantMapper, type WritablePeerMapping } from "../../../mod.ts";
import { BackendDevice, BackRing, XenbusState } from "../../../src/pv/mod.ts";

const { Connected, Closing, Closed } = XenbusState;
export const PROPERTIES = {
  sectors: 2048,
  "sector-size": 512,
  info: 0,
  "feature-flush-cache": 1,
  "feature-persistent": 1,
};

/** A backend whose answers a test writes by hand. */
export class HandBackend {
  readonly device: BackendDevice;
  readonly ring: BackRing;
  readonly page: WritablePeerMapping;
  readonly channel: EventChannel;
  readonly mapper: GrantMapper;
  readonly #events: EventChannels;
  #isReleased = false;

  constructor(
    device: BackendDevice,
    mapper: GrantMapper,
    events: EventChannels,
    page: WritablePeerMapping,
    port: number,
  ) {
    this.device = device;
    this.mapper = mapper;
    this.#events = events;
    this.page = page;
    this.ring = BackRing.attach(page, { slotSize: SLOT_SIZE });
    this.channel = events.bindInterdomain(device.domid, port);
  }

  static async connect(xen: MockXen, offer = {}, properties: Record<string, string | number> = PROPERTIES) {
    const device = await BackendDevice.open(xen.domain(0), "vbd", 1, 51728);
    await device.offer(offer);
    const mapper = new GrantMapper(xen.domain(0));
    const page = mapper.map(1, [await device.frontend.number("ring-ref")], { writable: true });
    const events = new EventChannels(xen.domain(0));
    const backend = new HandBackend(device, mapper, events, page, await device.frontend.number("event-channel"));
    await device.publish(properties, Connected);
    return backend;
  }

  /** Waits for the next request. */
  async request(): Promise<Request> {
    const slot = new Uint8Array(SLOT_SIZE);
    while (!this.ring.take(slot)) if (!this.ring.ask()) await this.channel.wait();
    return decodeRequest(slot);
  }

  answer({ id, answers }: Pick<Request, "id" | "answers">, status = 0): void {
    this.ring.put(encodeResponse(id, answers, status));
  }

  send(): void {
    this.ring.push();
    this.channel.notify();
  }

  /** Writes a word of the ring's page: 0 is req_prod, 2 is rsp_prod. */
  setWord(word: number, value: number): void {
    new DataView(this.page.bytes.buffer, this.page.bytes.byteOffset).setUint32(word * 4, value, true);
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.page.unmap();
    this.mapper.close();
    this.#events.close();
  }

  /** Follows the end of the frontend. */
  async follow(): Promise<void> {
    await this.device.waitForFrontend([Closing, Closed]);
    await this.device.end(() => this.release());
    this.device.close();
  }
}
