/**
 * The core that ships, driven as `src/grants/engine.ts` and `src/grants/reclaimer.ts` drive it, without backends and
 * error handling, so that it can be compared with the other variants of the books.
 *
 * @module
 */
import { type Core, createCore, type FileAddress, OK, STAGING_CAPACITY } from "../../../wasm/core.ts";
import type { Books } from "./books.ts";
import { References } from "./references.ts";

/** The WebAssembly core as books. */
export class ShippedBooks implements Books<FileAddress> {
  readonly references = new References();
  readonly #core: Core;
  readonly #books: Core["books"];
  /** Whether a peer unmapped a pending page since the last sweep. */
  #toAsk = false;

  /** @param core The core. Default is a new one. */
  constructor(core: Core = createCore()) {
    this.#core = core;
    this.#books = this.#core.books;
    this.#books.setLimit(Infinity);
  }

  /** The bytes of memory that the core has taken. */
  get bytes(): number {
    return this.#books.memory.buffer.byteLength;
  }

  open(): FileAddress {
    return this.#books.open();
  }

  allocate(file: FileAddress, count: number): number {
    if (this.#toAsk) this.#sweep();
    const books = this.#books;
    const page = books.reserve(file, count);
    if (page < 0) throw new Error(`Cannot allocate ${count} pages: the core returned ${page}`);
    if (count === 1) {
      books.listOne(file, this.references.add());
      return page;
    }
    for (let from = 0; from < count; from += STAGING_CAPACITY) {
      const length = Math.min(STAGING_CAPACITY, count - from);
      this.references.addAll(this.#core.stagingArea(), length);
      books.list(file, length);
    }
    return page;
  }

  free(file: FileAddress, page: number, count: number): boolean {
    const run = this.#books.free(file, page, count);
    if (run < 0) return false;
    if (run > 0) this.#end(file, page, run);
    else this.#sweep();
    return true;
  }

  find(file: FileAddress, page: number, count: number): boolean {
    return this.#books.find(file, page, count) !== 0;
  }

  gref(file: FileAddress, page: number): number {
    return this.#books.gref(file, page);
  }

  /** Counts a mapping of listed pages. Returns whether it succeeded. */
  map(file: FileAddress, page: number, count: number): boolean {
    return this.#books.map(file, page, count) === OK;
  }

  /** Counts the end of a mapping. */
  unmap(file: FileAddress, page: number, count: number): void {
    if (this.#books.unmap(file, page, count)) this.#sweep();
  }

  /** Ends access to the pages that became free. */
  #sweep(): void {
    this.#toAsk = false;
    const books = this.#books;
    for (let count = books.sweep(); count > 0;) count = this.#end(books.runFile(), books.runPage(), count);
  }

  /**
   * Ends access to the pages of the core's current run that no peer holds. Returns the number of pages of the next
   * run.
   */
  #end(file: FileAddress, page: number, count: number): number {
    const books = this.#books;
    const { references } = this;
    const staged = this.#core.stagingArea();
    if (count === 1 && references.end(staged[0]!)) return books.endedAll();
    let offset = references.endAll(staged, 0, count);
    if (offset === count) return books.endedAll();
    for (let from = 0;;) {
      if (offset > from) books.ended(from, offset - from);
      if (offset === count) return books.nextRun(true);
      this.#wait(staged[offset]!, file, page + offset);
      from = offset + 1;
      offset = references.endAll(staged, from, count);
    }
  }

  /**
   * Sweeps again after the peer unmaps a page. A method of its own, because a closure in `#end` would cost every
   * call.
   */
  #wait(gref: number, file: FileAddress, page: number): void {
    this.references.onRelease(gref, () => {
      if (this.#books.released(file, page) !== 0) this.#toAsk = true;
    });
  }
}
