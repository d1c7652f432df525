/**
 * What the core's books take, and what a machine's pages leave behind.
 *
 * @module
 */
import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import { type MockMemory, MockXen } from "../backends/mock.ts";
import { GrantDevice, type SharedPages } from "../mod.ts";
import { ShippedBooks } from "./baseline/shipped.ts";
import { replacer } from "./workloads.ts";

/** Random replacements for each live page: by then the books are as scattered as they get. */
const REPLACEMENTS = 5;

/** Bytes for each grant. */
export interface MemoryFigures {
  /** All pages in one run. */
  readonly dense: number;
  /** After each was replaced some times, in random order. */
  readonly scattered: number;
}

/** What the core takes for some live pages: the linear memory that it had to add. */
export function measureMemory(live: number): MemoryFigures {
  const books = new ShippedBooks();
  const before = books.bytes;
  const file = books.open();
  const first = books.allocate(file, live);
  const dense = (books.bytes - before) / live;
  replacer(books, file, first, live)(live * REPLACEMENTS);
  return { dense, scattered: (books.bytes - before) / live };
}

/** Mebibytes that the process has in memory beyond what it had before. */
export interface PeakFigures {
  /** When all pages are there, and written to. */
  readonly peak: number;
  /** When all of them were freed, and garbage collected. */
  readonly after: number;
}

/** What a simulated machine leaves behind of a number of pages that were allocated, written to and freed. */
export async function measurePeak(memory: MockMemory, pages: number): Promise<PeakFigures> {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as () => void;
  const resident = async () => {
    // Buffers are freed some time after they were collected.
    for (let round = 0; round < 5; round++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.memoryUsage().rss / 2 ** 20;
  };
  const xen = new MockXen({ tableFrames: 65_536, limit: Infinity, memory });
  const allocator = new GrantDevice(xen.domain(1)).open();
  const fill = (count: number) => {
    const all: SharedPages[] = [];
    for (let done = 0; done < count; done += 100) {
      const shared = allocator.allocate(0, { pages: 100 });
      const ours = shared.map();
      ours.bytes.fill(1);
      ours.unmap();
      all.push(shared);
    }
    return all;
  };
  for (const shared of fill(100)) shared.free();
  const before = await resident();
  let all = fill(pages);
  const peak = await resident();
  for (const shared of all) shared.free();
  all = [];
  const after = await resident();
  allocator.close();
  return { peak: peak - before, after: after - before };
}
