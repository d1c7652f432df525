/**
 * The whole way through the public API, on a simulated machine: the same work as `whole_way` of `baseline/program.c`; and the
 * least of it that JavaScript can do.
 *
 * @module
 */
import { type MockMemory, MockXen } from "../backends/mock.ts";
import { zeroing } from "../backends/mock/zero.ts";
import { GrantDevice, GrantMapper } from "../mod.ts";
import { ShippedBooks } from "./baseline/shipped.ts";
import { type Case, LIVE_BESIDE_PENDING } from "./cases.ts";
import type { Work } from "./clock.ts";

const PAGE_SIZE = 4096;
/** Pages of the memory that a `WebAssembly.Memory` has whole ones of. */
const WASM_PAGE = 65_536;
/** Pages of one allocation of those that are live all the time. */
const CHUNK = 100;

/**
 * What a program with live pages has: their handles, and mappings. In a process that waits for some seconds, as each does until its
 * next turn, V8 tidies up, and throws away what it compiled for kinds of objects of which there are none.
 */
const held: unknown[] = [];

/** Prepares a case: a machine with the pages that are live and pending. */
export function prepareMachine({ workload, pages, live, pending }: Case, memory: MockMemory): Work {
  // Only with the profile `linux-5.16` are there pages that are freed and pending: also where there are none, to compare with.
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
 * Prepares the least that JavaScript can do of the same: the core with the least of a driver around it, pages that are zeroed, and
 * views of them. No checks, no machine, no objects.
 */
export function prepareLeast({ workload, pages, live }: Case): Work {
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
