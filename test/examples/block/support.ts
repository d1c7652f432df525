/** A disk between two domains of a simulated Xen. */
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { expect } from "vitest";
import { MockXen, type MockXenOptions } from "../../../backends/mock.ts";
import {
  type BackendOptions,
  BlockBackend,
  BytesDisk,
  createDisk,
  type Disk,
} from "../../../examples/block/block_backend.ts";
import { type AttachOptions, BlockDevice } from "../../../examples/block/block_device.ts";
import type { XenDomain } from "../../../mod.ts";

/** Waits for some turns of the event loop. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A small generator of numbers from 0 to below 1. */
export function random(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A disk in memory that takes its time: its calls end in any order. It can be stopped, broken, or cut off. */
export class SlowDisk implements Disk {
  readonly inner: BytesDisk;
  readonly readOnly: boolean;
  readonly log: string[] = [];
  /** How many calls are under way, and the most that ever were. */
  active = 0;
  most = 0;
  /** How many turns a call takes, for each. */
  turns: () => number = () => 0;
  /** Throws for a call that shall fail. */
  fail: (call: string) => void = () => {};
  #gate: Promise<void> = Promise.resolve();
  #openGate: (() => void) | undefined;
  #isCutOff = false;

  /** @param disk The disk, or the size of a new one. */
  constructor(disk: BytesDisk | number, { readOnly = false }: { readOnly?: boolean } = {}) {
    this.inner = typeof disk === "number" ? new BytesDisk(new Uint8Array(disk), { readOnly }) : disk;
    this.readOnly = readOnly;
  }

  get size(): number {
    return this.inner.size;
  }

  get bytes(): Uint8Array {
    return this.inner.bytes;
  }

  /** Keeps calls waiting. Returns how to let them go on. */
  stop(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.#openGate = resolve;
    return resolve;
  }

  /** Does nothing more, as a program that was killed. */
  cutOff(): void {
    this.#isCutOff = true;
    this.#openGate?.();
  }

  async #call(name: string, run: () => Promise<void>): Promise<void> {
    if (this.log.length < 1000) this.log.push(name);
    this.most = Math.max(this.most, ++this.active);
    try {
      await this.#gate;
      const count = this.turns();
      if (count > 0) await turns(count);
      if (this.#isCutOff) throw new Error("cut off");
      this.fail(name);
      await run();
    } finally {
      this.active--;
    }
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    return this.#call(`read ${offset} ${target.length}`, () => this.inner.read(offset, target));
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#call(`write ${offset} ${bytes.length}`, () => this.inner.write(offset, bytes));
  }

  flush(): Promise<void> {
    return this.#call("flush", () => this.inner.flush());
  }

  discard(offset: number, length: number): Promise<void> {
    return this.#call(`discard ${offset} ${length}`, () => this.inner.discard(offset, length));
  }
}

/** A disk of domain 1 that domain 0 serves. */
export interface Pair {
  readonly xen: MockXen;
  readonly disk: SlowDisk;
  readonly backend: BlockBackend;
  readonly device: BlockDevice;
  /** Ends both sides, and checks that nothing is left. */
  finish(): Promise<void>;
}

export interface PairOptions {
  readonly size?: number;
  readonly readOnly?: boolean;
  readonly backend?: BackendOptions;
  readonly attach?: AttachOptions;
  readonly xen?: MockXenOptions;
  /** Wraps a domain. */
  readonly frontend?: (domain: XenDomain) => XenDomain;
}

/** Serves a disk, and attaches it. */
export async function pair(options: PairOptions = {}): Promise<Pair> {
  const { size = 1024 * 1024, readOnly = false, frontend = (domain) => domain } = options;
  const xen = new MockXen(options.xen);
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb", { readOnly });
  const disk = new SlowDisk(size, { readOnly });
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", disk, options.backend);
  const device = await BlockDevice.attach(frontend(xen.domain(1)), "xvdb", options.attach);
  const finish = async () => {
    await device.detach();
    await backend.close();
    xen.assertClean();
  };
  return { xen, disk, backend, device, finish };
}

/** Bytes that say where they are. */
export function pattern(length: number, first = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (first + index) * 167 + ((first + index) >> 8) + 1);
}

/** Compares without listing a megabyte of differences. */
export function expectSame(found: Uint8Array, expected: Uint8Array): void {
  expect(found.length).toBe(expected.length);
  expect(Buffer.compare(found, expected)).toBe(0);
}
