/**
 * The core that ships, driven as `src/driver.ts` and `src/reclaimer.ts` drive it, but for errors and backends: so that it
 * can be compared with the other variants of the books.
 *
 * @module
 */
import { type Core, createCore, type FileAddress, OK, STAGED } from "../../wasm/core.ts";
import type { Books } from "./books.ts";
import { References } from "./references.ts";

/** The WebAssembly core as books. */
export class ShippedBooks implements Books<FileAddress> {
  readonly references = new References();
  readonly #core: Core;
  readonly #books: Core["books"];

  /** @param core The core; default is a new one. */
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
    this.#sweep();
    const books = this.#books;
    const page = books.reserve(file, count);
    if (page < 0) throw new Error(`Cannot allocate ${count} pages: the core answers ${page}`);
    for (let from = 0; from < count; from += STAGED) {
      const length = Math.min(STAGED, count - from);
      const staged = this.#core.staged();
      for (let index = 0; index < length; index++) staged[index] = this.references.add();
      books.list(file, page + from, length, from === 0);
    }
    return page;
  }

  free(file: FileAddress, page: number, count: number): boolean {
    if (this.#books.free(file, page, count) !== OK) return false;
    this.#sweep();
    return true;
  }

  find(file: FileAddress, page: number, count: number): boolean {
    return this.#books.find(file, page, count) !== 0;
  }

  gref(file: FileAddress, page: number): number {
    return this.#books.gref(file, page);
  }

  /** Ends access to the pending pages that no peer holds. */
  #sweep(): void {
    const books = this.#books;
    if (books.pending() === 0) return;
    books.startSweep();
    for (let count = books.nextRun(); count > 0; count = books.nextRun()) {
      const staged = this.#core.staged();
      let from = 0;
      for (let offset = 0; offset < count; offset++) {
        if (this.references.end(staged[offset]!)) continue;
        if (offset > from) books.ended(from, offset - from);
        from = offset + 1;
      }
      if (count > from) books.ended(from, count - from);
    }
  }
}
