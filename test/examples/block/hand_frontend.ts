import { expect } from "vitest";
import type { MockXen } from "../../../backends/mock.ts";
import {
  decodeResponse,
  putSegments,
  RESPONSE_SIZE,
  type Segment,
  SLOT_SIZE,
} from "../../../examples/block/protocol.ts";
import { type EventChannel, EventChannels, type GrantAllocator, GrantDevice, type Share } from "../../../mod.ts";
import { FrontendDevice, FrontRing, XenbusState } from "../../../src/pv/mod.ts";

const { Connected } = XenbusState;

/** A frontend whose requests a test writes by hand. */
export class HandFrontend {
  readonly device: FrontendDevice;
  readonly allocator: GrantAllocator;
  readonly share: Share;
  readonly ring: FrontRing;
  readonly channel: EventChannel;
  readonly #grants: GrantDevice;
  readonly #events: EventChannels;

  private constructor(device: FrontendDevice, xen: MockXen) {
    this.device = device;
    this.#grants = new GrantDevice(xen.domain(1));
    this.allocator = this.#grants.open();
    this.share = this.allocator.share(0, { writable: true });
    this.ring = FrontRing.create(this.share.mapping, { slotSize: SLOT_SIZE });
    this.#events = new EventChannels(xen.domain(1));
    this.channel = this.#events.bindUnbound(0);
  }

  /** Begins a connection, and publishes the nodes of a good frontend, changed by some. */
  static async begin(xen: MockXen, changes: Record<string, string | number | undefined> = {}): Promise<HandFrontend> {
    const device = await FrontendDevice.open(xen.domain(1), "vbd", 51728);
    const frontend = new HandFrontend(device, xen);
    await device.start();
    const nodes = {
      "ring-ref": frontend.share.grefs[0]!,
      "event-channel": frontend.channel.port,
      protocol: "x86_64-abi",
      "feature-persistent": 0,
      ...changes,
    };
    await device.publish(
      Object.fromEntries(Object.entries(nodes).filter(([, value]) => value !== undefined)) as Record<string, string>,
    );
    return frontend;
  }

  static async connect(xen: MockXen, changes = {}): Promise<HandFrontend> {
    const frontend = await HandFrontend.begin(xen, changes);
    await frontend.device.waitForBackend(Connected);
    await frontend.device.publish({}, Connected);
    return frontend;
  }

  /** Sends the bytes of a request, and returns the status of its response. */
  async ask(bytes: Uint8Array): Promise<number> {
    this.ring.put(bytes);
    if (this.ring.push()) this.channel.notify();
    const response = new Uint8Array(RESPONSE_SIZE);
    while (!this.ring.take(response)) if (!this.ring.ask()) await this.channel.wait();
    const { id, operation, status } = decodeResponse(response);
    expect(id).toBe(7);
    expect(operation).toBe(bytes[0] === 6 ? bytes[1] : bytes[0]);
    return status;
  }

  setWord(word: number, value: number): void {
    const { buffer, byteOffset } = this.share.bytes;
    new DataView(buffer, byteOffset).setUint32(word * 4, value, true);
  }

  close(): void {
    this.device.close();
    this.#grants.close();
    this.share.release();
    this.#events.close();
  }

  async end(): Promise<void> {
    await this.device.end();
    this.close();
  }
}

/** The bytes of a request. */
export function request(operation: number, given: {
  sector?: number;
  segments?: readonly Segment[];
  claimed?: number;
  second?: number;
  count?: number;
  grefs?: readonly number[];
  sectors?: bigint;
} = {}): Uint8Array {
  const { sector = 0, segments = [], claimed = segments.length, second, count, grefs = [], sectors } = given;
  const bytes = new Uint8Array(SLOT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, operation);
  view.setUint8(1, second ?? claimed);
  view.setBigUint64(8, 7n, true);
  view.setBigUint64(16, BigInt(sector), true);
  putSegments(view, 24, segments);
  if (sectors !== undefined) view.setBigUint64(24, sectors, true);
  if (count !== undefined) {
    view.setUint16(2, count, true);
    for (const [index, gref] of grefs.entries()) view.setUint32(28 + 4 * index, gref, true);
  }
  return bytes;
}
