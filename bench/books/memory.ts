/**
 * The memory that the core's books take, and that a machine's pages leave in use.
 *
 * @module
 */
import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import { type MockMemory, MockXen } from "../../backends/mock.ts";
import { GrantDevice, type SharedPages } from "../../mod.ts";
import { ShippedBooks } from "./variants/shipped.ts";
import { replacer } from "./workloads.ts";

/** Random replacements for each live page. After them the books are as scattered as they get. */
const REPLACEMENTS = 5;

/** Bytes for each grant. */
export interface MemoryFigures {
  /** All pages in one run. */
  readonly dense: number;
  /** After each page was replaced several times, in random order. */
  readonly scattered: number;
}

/** Measures by how much the core's linear memory grows for some live pages. */
export function measureMemory(live: number): MemoryFigures {
  const books = new ShippedBooks();
  const before = books.bytes;
  const file = books.open();
  const first = books.allocate(file, live);
  const dense = (books.bytes - before) / live;
  replacer(books, file, first, live)(live * REPLACEMENTS);
  return { dense, scattered: (books.bytes - before) / live };
}

/** Mebibytes by which the process's resident memory is above what it was before. */
export interface PeakFigures {
  /** With all pages allocated and written to. */
  readonly peak: number;
  /** After all of them were freed and garbage was collected. */
  readonly after: number;
}

/** Measures the process's memory while a simulated Xen has some pages, and after they were freed. */
export async function measurePeak(memory: MockMemory, pages: number): Promise<PeakFigures> {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as () => void;
  const resident = async () => {
    // The memory of buffers is freed some time after they were collected.
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
