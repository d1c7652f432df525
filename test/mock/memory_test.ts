/** The pages of a simulated Xen: they are zeroed, do not overlap, are reused, and are given back. */
import { describe, expect, test, vi } from "vitest";
import { PAGE_SIZE } from "../../src/contract/backend.ts";
import { Buffers } from "../../backends/mock/buffers.ts";
import type { MachineMemory, Memory } from "../../backends/mock/memory.ts";
import { Slabs } from "../../backends/mock/slabs.ts";
import { machineState } from "../../backends/mock/xen.ts";
import { filling, zeroing } from "../../backends/mock/zero.ts";
import { type MockMemory, MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";
import { Random } from "../support/random.ts";

/** Pages of a slab. */
const SLAB = 4096;

const KINDS: Record<MockMemory, () => MachineMemory> = { buffers: () => new Buffers(), slabs: () => new Slabs() };

for (const [kind, make] of Object.entries(KINDS)) {
  describe(`memory in ${kind}`, () => {
    test("`take()` returns zeroed pages that nobody else has, whatever was given back before", () => {
      const memory = make();
      const random = new Random(1);
      const runs: { of: Memory; page: number; count: number; mark: number }[] = [];
      for (let round = 0; round < 5000; round++) {
        if (runs.length < 40 || random.below(2) === 0) {
          const count = random.below(10) === 0 ? 1 + random.below(300) : 1 + random.below(4);
          const of = memory.take(count);
          const page = of.taken;
          const mapping = of.map(page, count);
          const words = new Uint32Array(mapping.bytes.buffer, mapping.bytes.byteOffset, count * PAGE_SIZE / 4);
          expect(words.length).toBe(count * 1024);
          for (let at = 0; at < words.length; at += 97) if (words[at] !== 0) expect.fail(`round ${round}: not zeroed`);
          words.fill(round + 1);
          mapping.unmap();
          runs.push({ of, page, count, mark: round + 1 });
        } else {
          // Give back a part of a run, or all of it.
          const at = random.below(runs.length);
          const [run] = runs.splice(at, 1) as [typeof runs[number]];
          const mapping = run.of.map(run.page, run.count);
          const words = new Uint32Array(mapping.bytes.buffer, mapping.bytes.byteOffset, run.count * PAGE_SIZE / 4);
          for (let at = 0; at < words.length; at += 97) if (words[at] !== run.mark) expect.fail(`round ${round}: lost`);
          mapping.unmap();
          const part = 1 + random.below(run.count);
          run.of.give(run.page, part);
          if (part < run.count) runs.push({ ...run, page: run.page + part, count: run.count - part });
        }
      }
    });

    test("`give()` of a mapped page frees it when it is unmapped", () => {
      const memory = make();
      const of = memory.take(1);
      const mapping = of.map(of.taken, 1);
      mapping.bytes[0] = 7;
      of.give(of.taken, 1);
      const other = memory.take(1);
      other.map(other.taken, 1).bytes[0] = 8;
      expect(mapping.bytes[0]).toBe(7);
      mapping.unmap();
      mapping.unmap();
      const again = memory.take(1);
      expect(again.map(again.taken, 1).bytes[0]).toBe(0);
    });
  });
}

describe("buffers", () => {
  /** Takes runs of some sizes, gives them back, and takes them again. Returns how many buffers were made. */
  function made(...counts: number[]): number {
    let buffers = 0;
    vi.stubGlobal(
      "ArrayBuffer",
      class extends ArrayBuffer {
        constructor(length: number) {
          super(length);
          buffers++;
        }
      },
    );
    try {
      const memory = new Buffers();
      for (let round = 0; round < 2; round++) {
        const taken = counts.map((count) => memory.take(count));
        for (const [at, of] of taken.entries()) of.give(0, counts[at]!);
      }
      return buffers;
    } finally {
      vi.unstubAllGlobals();
    }
  }

  test("keep up to 4,096 pages for reuse", () => {
    expect(made(2048, 2048)).toBe(2);
    expect(made(1, 2048, 2048)).toBe(5);
    expect(made(4097)).toBe(2);
  });
});

describe("slabs", () => {
  test("reuse the pages that were given back last", () => {
    const memory = new Slabs();
    const pages = [0, 1, 2].map(() => memory.take(3).taken);
    expect(pages).toEqual([0, 3, 6]);
    for (const page of [3, 0]) memory.at(0).give(page, 3);
    expect([memory.take(3).taken, memory.take(3).taken, memory.take(3).taken]).toEqual([0, 3, 9]);
  });

  test("are dropped when they are empty, all but one", () => {
    const memory = new Slabs();
    const taken: [Memory, number][] = [];
    for (let done = 0; done < 5 * SLAB; done += 64) {
      const of = memory.take(64);
      taken.push([of, of.taken]);
    }
    expect(memory.size).toBe(5);
    for (const [of, page] of taken) of.give(page, 64);
    expect(memory.size).toBe(1);
    const large = memory.take(3 * SLAB);
    expect(large.map(0, 3 * SLAB).bytes.length).toBe(3 * SLAB * PAGE_SIZE);
    expect(memory.size).toBe(2);
  });

  test("of a large allocation are dropped with it", () => {
    const memory = new Slabs();
    const large = memory.take(SLAB + 1);
    large.give(0, 5);
    expect(memory.size).toBe(1);
    large.give(5, SLAB - 4);
    expect(memory.size).toBe(0);
  });

  test("stay few when runs are freed except for single pages", () => {
    const memory = new Slabs();
    const random = new Random(1);
    const pages: [Memory, number][] = [];
    // 2,000 pages stay in use, one of each run of 24.
    for (let round = 0; round < 30_000; round++) {
      const of = memory.take(24);
      const first = of.taken;
      const stays = first + random.below(24);
      for (let page = first; page < first + 24; page++) if (page !== stays) of.give(page, 1);
      pages.push([of, stays]);
      if (pages.length > 2000) {
        const [[from, page]] = pages.splice(random.below(pages.length), 1) as [[Memory, number]];
        from.give(page, 1);
      }
    }
    // 2,000 pages that are 24 apart fill twelve slabs.
    expect(memory.size).toBeLessThan(24);
    for (const [of, page] of pages) of.give(page, 1);
    expect(memory.size).toBe(1);
  });

  test("are zeroed also where compiling is forbidden", () => {
    for (const make of [zeroing, filling]) {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const bytes = new Uint8Array(memory.buffer).fill(1);
      make(memory)(4096, 8192);
      expect([bytes[4095], bytes[4096], bytes[12_287], bytes[12_288]]).toEqual([1, 0, 0, 1]);
      expect(bytes.indexOf(1, 4096)).toBe(12_288);
    }
  });
});

describe("a view that is kept after `unmap()`", () => {
  /** A view of a page that was unmapped, freed, and allocated again. */
  function kept(memory: MockMemory) {
    const device = new GrantDevice(new MockXen({ memory }).domain(1), { core: debugCore });
    const allocator = device.open();
    const pages = allocator.allocate(0);
    const mapping = pages.map();
    const { bytes } = mapping;
    mapping.unmap();
    pages.free();
    const next = allocator.allocate(0).map();
    next.bytes[0] = 9;
    expect(mapping.bytes.length).toBe(0);
    return bytes;
  }

  test("is detached in buffers, and shows the next use of its page in slabs", () => {
    expect(kept("buffers").length).toBe(0);
    expect(kept("slabs")[0]).toBe(9);
  });

  test("cannot transfer a slab's buffer away", () => {
    const bytes = kept("slabs");
    expect(() => bytes.buffer.transfer()).toThrow(TypeError);
    expect(() => structuredClone(bytes, { transfer: [bytes.buffer] })).toThrow();
    expect(bytes[0]).toBe(9);
  });
});

test("`destroy()` gives the domain's pages back when their last mapping ends", () => {
  const xen = new MockXen({ memory: "slabs", limit: Infinity });
  const memory = machineState(xen).memory as Slabs;
  const device = new GrantDevice(xen.domain(1), { core: debugCore });
  const allocator = device.open();
  const pages = allocator.allocate(0, { pages: 3, writable: true });
  allocator.allocate(0, { pages: 2 * SLAB });
  const ours = pages.map();
  ours.bytes[0] = 5;
  const mapper = new GrantMapper(xen.domain(0));
  const theirs = mapper.map(1, pages.grefs, { writable: true });
  xen.domain(1).destroy();
  expect(memory.size).toBe(2);
  theirs.unmap();
  expect(memory.size).toBe(1);
  // The destroyed domain's own mapping still works, and nobody else gets its page.
  const other = new GrantDevice(xen.domain(2), { core: debugCore }).open();
  for (let round = 0; round < 5; round++) other.allocate(0).map().bytes.fill(1);
  expect([...ours.read(0, 2)]).toEqual([5, 0]);
  ours.unmap();
  device.close();
});

test("a runtime whose buffers cannot say whether they are detached is refused when the mock is loaded", async () => {
  const property = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")!;
  vi.resetModules();
  Reflect.deleteProperty(ArrayBuffer.prototype, "detached");
  try {
    await expect(import("../../backends/mock.ts")).rejects.toThrow(
      "Cannot simulate Xen: this runtime has no `ArrayBuffer.prototype.detached`. Use Node 22 or later.",
    );
  } finally {
    Object.defineProperty(ArrayBuffer.prototype, "detached", property);
  }
});
