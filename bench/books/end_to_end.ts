/**
 * The end-to-end workloads: through the public API on a simulated Xen, the same work as `end_to_end` of
 * `variants/program.c`; and JavaScript's floor: zero a page, make a view, call the core.
 *
 * @module
 */
import { type MockMemory, MockXen } from "../../backends/mock.ts";
import { zeroing } from "../../backends/mock/zero.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import type { Work } from "../harness/clock.ts";
import { type Case, LIVE_BESIDE_PENDING } from "./cases.ts";
import { ShippedBooks } from "./variants/shipped.ts";

const PAGE_SIZE = 4096;
/** The unit of a `WebAssembly.Memory`. */
const WASM_PAGE = 65_536;
/** Pages of one allocation, among those that are live all the time. */
const CHUNK = 100;

/**
 * Handles and mappings, as a program with live pages holds them. Each process waits seconds for its next round, and
 * V8 uses such a pause to throw away code that it compiled for kinds of objects of which none are left.
 */
const held: unknown[] = [];

/** Prepares a case: a simulated Xen with live and pending pages. */
export function prepareMachine({ workload, pages, live, pending }: Case, memory: MockMemory): Work {
  // Only this profile has pages that are freed and pending. The case without any has it too, for comparison.
  const profile = live === LIVE_BESIDE_PENDING ? "linux-5.16" : "linux-6.1";
  const xen = new MockXen({ tableFrames: 65_536, limit: Infinity, profile, memory });
  const allocator = new GrantDevice(xen.domain(1)).open();
  const mapper = new GrantMapper(xen.domain(0));
  const options = { pages, writable: true };
  const writable = { writable: true } as const;
  for (let done = 0; done < pending; done += CHUNK) {
    const freed = allocator.allocate(0, { pages: CHUNK });
    held.push(mapper.map(1, freed.grefs));
    freed.free();
  }
  for (let done = 0; done < live; done += CHUNK) held.push(allocator.allocate(0, { pages: CHUNK }));
  const first = allocator.allocate(0, writable);
  held.push(first, first.map(), mapper.map(1, first.grefs, writable));

  if (workload === "share") {
    return (times) => {
      for (let time = 0; time < times; time++) {
        const shared = allocator.allocate(0, options);
        const ours = shared.map();
        const { bytes } = ours;
        for (let at = 0; at < bytes.length; at += PAGE_SIZE) bytes[at] = 1;
        ours.unmap();
        shared.free();
      }
    };
  }
  return (times) => {
    for (let time = 0; time < times; time++) {
      const shared = allocator.allocate(0, options);
      const ours = shared.map();
      const { bytes } = ours;
      for (let at = 0; at < bytes.length; at += PAGE_SIZE) bytes[at] = 1;
      const theirs = mapper.map(1, shared.grefs, writable);
      const peerBytes = theirs.bytes;
      for (let at = 0; at < peerBytes.length; at += PAGE_SIZE) peerBytes[at + 1] = peerBytes[at]!;
      theirs.unmap();
      ours.unmap();
      shared.free();
    }
  };
}

/**
 * Prepares JavaScript's floor of the same work: zero a page, make a view, call the core. It has no checks, no machine
 * and no objects.
 */
export function prepareFloor({ workload, pages, live }: Case): Work {
  const books = new ShippedBooks();
  const file = books.open();
  books.allocate(file, live);
  const size = pages * PAGE_SIZE;
  const wasmPages = Math.ceil(size / WASM_PAGE);
  const memory = new WebAssembly.Memory({ initial: wasmPages, maximum: wasmPages });
  const buffer = memory.buffer as ArrayBuffer;
  const zero = zeroing(memory);
  const { references } = books;
  return (times) => {
    for (let time = 0; time < times; time++) {
      zero(0, size);
      const page = books.allocate(file, pages);
      books.map(file, page, pages);
      const bytes = new Uint8Array(buffer, 0, size);
      for (let at = 0; at < size; at += PAGE_SIZE) bytes[at] = 1;
      if (workload === "peer") {
        for (let index = 0; index < pages; index++) references.hold(books.gref(file, page + index));
        const peerBytes = new Uint8Array(buffer, 0, size);
        for (let at = 0; at < size; at += PAGE_SIZE) peerBytes[at + 1] = peerBytes[at]!;
        for (let index = 0; index < pages; index++) references.release(books.gref(file, page + index));
      }
      books.unmap(file, page, pages);
      books.free(file, page, pages);
    }
  };
}
