/**
 * What the core's books take.
 *
 * @module
 */
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
