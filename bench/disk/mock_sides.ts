import { equal } from "node:assert/strict";
import { MockXen } from "../../backends/mock.ts";
import { BlockBackend, BytesDisk, createDisk, type Disk } from "../../examples/block/block_backend.ts";
import { BlockDevice } from "../../examples/block/block_device.ts";
import { EventChannels, type XenDomain } from "../../mod.ts";

/** What is measured: something that is done and awaited, so often. */
export interface MockSide {
  /** What one piece of work is. */
  readonly group: string;
  readonly name: string;
  /** How many bytes one piece of work moves. */
  readonly bytes: number;
  readonly work: (times: number) => Promise<void>;
}

/** Fills an array from a byte of the disk on. */
type Read = (offset: number, target: Uint8Array) => Promise<void>;

const MIB = 1024 * 1024;
const SMALL = 4096;
const SIZE = 64 * MIB;
const MOST = 32;

/** Prepares all sides, on one simulated machine: its domain 1 has two disks, whose backends are in domain 0. */
export async function prepareMockSides(): Promise<{ sides: MockSide[]; close(): Promise<void> }> {
  const xen = new MockXen();
  const [dom0, domU] = [xen.domain(0), xen.domain(1)];
  const medium = new BytesDisk(new Uint8Array(SIZE).map((_, index) => index ^ index >>> 8 ^ index >>> 16));
  const kept = await attach(dom0, domU, "xvdb", medium, true);
  const fresh = await attach(dom0, domU, "xvdc", medium, false);
  const events = prepareEvents(dom0, domU);
  const reads: Record<string, Read> = {
    "a copy out of the medium": (offset, target) => medium.read(offset, target),
    "a read, pages stay granted": (offset, target) => kept.disk.readInto(offset, target),
    "a read, pages granted for it": (offset, target) => fresh.disk.readInto(offset, target),
  };
  for (const read of Object.values(reads)) await check(read, medium);
  const each = (group: string, bytes: number, workOf: (read: Read) => MockSide["work"]): MockSide[] =>
    Object.entries(reads).map(([name, read]) => ({ group, name, bytes, work: workOf(read) }));
  return {
    sides: [
      ...each("4 KiB anywhere, 1 in flight", SMALL, (read) => random(read, 1)),
      { group: "no bytes, 1 in flight", name: "an event there and back", bytes: 0, work: one(events.exchange) },
      { group: "no bytes, 1 in flight", name: "a flush", bytes: 0, work: one(() => kept.disk.flush()) },
      ...each(`4 KiB anywhere, ${MOST} in flight`, SMALL, (read) => random(read, MOST)),
      ...each("1 MiB, one after the other", MIB, sequential),
    ],
    async close() {
      await events.close();
      for (const { disk, backend } of [kept, fresh]) {
        await disk.detach();
        await backend.close();
      }
    },
  };
}

async function attach(dom0: XenDomain, domU: XenDomain, name: string, medium: Disk, persistent: boolean) {
  await createDisk(dom0, 1, name);
  const backend = await BlockBackend.serve(dom0, 1, name, medium, { persistent });
  return { backend, disk: await BlockDevice.attach(domU, name) };
}

/** Two domains that answer each event with one: what a request needs, even if nothing is asked. */
function prepareEvents(dom0: XenDomain, domU: XenDomain) {
  const [far, near] = [new EventChannels(dom0), new EventChannels(domU)];
  const asked = near.bindUnbound(0);
  const answering = far.bindInterdomain(1, asked.port);
  const answer = async () => {
    for await (const _ of answering.events()) answering.notify();
  };
  const serving = answer();
  return {
    async exchange() {
      asked.notify();
      await asked.wait();
    },
    close() {
      near.close();
      far.close();
      return serving;
    },
  };
}

/** Throws unless a side reads what the medium has. */
async function check(read: Read, medium: BytesDisk): Promise<void> {
  for (const [offset, length] of [[SMALL, SMALL], [SIZE - MIB, MIB]] as const) {
    const bytes = new Uint8Array(length);
    await read(offset, bytes);
    equal(bytes.every((byte, index) => byte === medium.bytes[offset + index]), true);
  }
}

function one(action: () => Promise<unknown>): MockSide["work"] {
  return async (times) => {
    for (let time = 0; time < times; time++) await action();
  };
}

/** Reads 4 KiB anywhere; each side at the same places. */
function random(read: Read, inFlight: number): MockSide["work"] {
  const targets = Array.from({ length: inFlight }, () => new Uint8Array(SMALL));
  return async (times) => {
    let state = 1;
    let left = times;
    const lane = async (target: Uint8Array) => {
      while (left-- > 0) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        await read((state >>> 8) % (SIZE / SMALL) * SMALL, target);
      }
    };
    await Promise.all(targets.map(lane));
  };
}

function sequential(read: Read): MockSide["work"] {
  const target = new Uint8Array(MIB);
  return async (times) => {
    for (let time = 0; time < times; time++) await read(time * MIB % SIZE, target);
  };
}
