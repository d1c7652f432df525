import { type MappedMemory, PAGE_SIZE } from "../../src/contract/backend.ts";
import { type MachineMemory, type Memory, MemoryMapping } from "./memory.ts";
import { type Zero, zeroing } from "./zero.ts";

/** Pages of a slab, 16 MiB; what is larger gets a slab of its own. */
const SLAB_BITS = 12;
const SLAB_PAGES = 1 << SLAB_BITS;
/** Pages of the memory that a `WebAssembly.Memory` grows by. */
const WASM_PAGE = 65_536;
/** How many pages are looked at, in search of free ones next to each other, for each page that was given back. */
const LOOKS = 8;

/**
 * Pages in a few large slabs, used again without being given to the garbage collector in between. Slabs of which nothing is in
 * use are dropped, all but one.
 *
 * A slab is a `WebAssembly.Memory`, as its buffer cannot be moved away by whoever has a view of it.
 *
 * Whether a page is free is known to its slab alone. Beside that there are hints where runs of each length were given back, the
 * last one on top, as in the best case that run is still free, and still in the cache. Where no hint is right, slabs are
 * searched from where the last search ended, but never longer than pages were given back in the meantime, times a constant:
 * then there is a new slab.
 */
export class Slabs implements MachineMemory {
  readonly #slabs: (Slab | undefined)[] = [];
  /** Numbers of slabs that were dropped. */
  readonly #free: number[] = [];
  /** For each length, the runs that were given back: their page, and the number of the slab in the bits above. */
  readonly #hints: (number[] | undefined)[] = [];
  /** Where new pages are taken. */
  #newest: Slab | undefined;
  /** The slab that is searched next, and how many pages may be looked at. */
  #next = 0;
  #looks = 0;
  /** Slabs of which nothing is in use. */
  #empty = 0;

  take(count: number): Memory {
    const hints = this.#hints[count];
    while (hints !== undefined && hints.length > 0) {
      const hint = hints.pop()!;
      const slab = this.#slabs[hint >>> SLAB_BITS];
      const page = hint & (SLAB_PAGES - 1);
      if (slab !== undefined && slab.isFree(page, count)) return this.#takeFrom(slab, page, count);
    }
    return this.#takeNew(count) ?? this.#search(count) ?? this.#add(count);
  }

  /** Takes pages that nobody had before, if the newest slab has enough of them. */
  #takeNew(count: number): Slab | undefined {
    const newest = this.#newest;
    if (newest === undefined || newest.unused + count > newest.pages) return undefined;
    return this.#takeFrom(newest, newest.unused, count);
  }

  #takeFrom(slab: Slab, page: number, count: number): Slab {
    if (slab.inUse === 0) this.#empty--;
    slab.take(page, count);
    return slab;
  }

  /** Looks for pages between those that are in use. */
  #search(count: number): Slab | undefined {
    for (let slabs = this.#slabs.length; slabs > 0 && this.#looks > 0; slabs--) {
      if (this.#next >= this.#slabs.length) this.#next = 0;
      const slab = this.#slabs[this.#next];
      if (slab !== undefined && slab.pages - slab.inUse >= count) {
        const from = slab.searched;
        const page = slab.search(count);
        this.#looks -= slab.searched - from;
        if (page >= 0) return this.#takeFrom(slab, page, count);
        slab.searched = 0;
      }
      this.#next++;
      this.#looks--;
    }
    return undefined;
  }

  #add(count: number): Slab {
    const slab = new Slab(this, this.#free.at(-1) ?? this.#slabs.length, Math.max(count, SLAB_PAGES));
    if (slab.number < this.#slabs.length) this.#free.pop();
    this.#slabs[slab.number] = slab;
    if (count <= SLAB_PAGES) this.#newest = slab;
    slab.take(0, count);
    return slab;
  }

  /** The number of slabs. */
  get size(): number {
    return this.#slabs.length - this.#free.length;
  }

  at(number: number): Memory {
    return this.#slabs[number]!;
  }

  /** Notes that pages of a slab are free again. */
  freed(slab: Slab, page: number, count: number): void {
    this.#looks = Math.min(this.#looks + LOOKS * count, LOOKS * SLAB_PAGES * this.#slabs.length);
    if (slab.inUse === 0 && this.#drop(slab)) return;
    if (slab.pages > SLAB_PAGES) return;
    const hints = this.#hints[count] ??= [];
    // Bounded, as hints on runs that were divided since are never used up; less of long ones, so that all are few.
    if (hints.length < 16 + 4096 / count) hints.push(slab.number << SLAB_BITS | page);
  }

  /** Drops a slab of which nothing is in use, unless it is the one to keep. */
  #drop(slab: Slab): boolean {
    if (slab.pages <= SLAB_PAGES && this.#empty === 0) {
      this.#empty++;
      return false;
    }
    this.#slabs[slab.number] = undefined;
    this.#free.push(slab.number);
    if (this.#newest === slab) this.#newest = undefined;
    return true;
  }
}

/** Some pages of memory, and how many uses each has: its grant is one, each mapping another. */
class Slab implements Memory {
  readonly number: number;
  readonly pages: number;
  /** Pages that have a use. */
  inUse = 0;
  /** The first page that never had one, nor any after it: those are zeroed. */
  unused = 0;
  /** Where the next search begins. */
  searched = 0;
  taken = 0;
  readonly #slabs: Slabs;
  readonly #buffer: ArrayBuffer;
  readonly #uses: Uint32Array;
  readonly #zero: Zero;

  constructor(slabs: Slabs, number: number, pages: number) {
    const size = Math.ceil(pages * PAGE_SIZE / WASM_PAGE);
    const memory = new WebAssembly.Memory({ initial: size, maximum: size });
    this.#slabs = slabs;
    this.number = number;
    this.pages = pages;
    this.#buffer = memory.buffer as ArrayBuffer;
    this.#uses = new Uint32Array(pages);
    this.#zero = zeroing(memory);
  }

  /** Whether all of some pages are free. */
  isFree(page: number, count: number): boolean {
    const uses = this.#uses;
    for (let index = page; index < page + count; index++) {
      // Beyond the end there are none.
      if (uses[index] !== 0) return false;
    }
    return true;
  }

  /** The first page of some free ones next to each other, from `searched` on, which is moved behind them; or -1. */
  search(count: number): number {
    const uses = this.#uses;
    let first = this.searched;
    for (let page = first; page < this.pages; page++) {
      if (uses[page] !== 0) {
        first = page + 1;
      } else if (page - first + 1 === count) {
        this.searched = page + 1;
        return first;
      }
    }
    this.searched = this.pages;
    return -1;
  }

  /** Takes free pages, and zeroes those that were used before. */
  take(page: number, count: number): void {
    const used = Math.min(page + count, this.unused) - page;
    if (used > 0) this.#zero(page * PAGE_SIZE, used * PAGE_SIZE);
    if (used < count) this.unused = page + count;
    const uses = this.#uses;
    for (let index = page; index < page + count; index++) uses[index] = 1;
    this.inUse += count;
    this.taken = page;
  }

  map(page: number, count: number): MappedMemory {
    const bytes = new Uint8Array(this.#buffer, page * PAGE_SIZE, count * PAGE_SIZE);
    const uses = this.#uses;
    for (let index = page; index < page + count; index++) uses[index]!++;
    return new MemoryMapping(bytes, this, page, count);
  }

  clear(page: number, byte: number): void {
    new Uint8Array(this.#buffer, page * PAGE_SIZE, PAGE_SIZE)[byte] = 0;
  }

  unmap(page: number, count: number): void {
    this.give(page, count);
  }

  /** Ends a use of each of some pages. */
  give(page: number, count: number): void {
    const uses = this.#uses;
    let first = page;
    for (let index = page; index < page + count; index++) {
      if (--uses[index]! === 0) continue;
      if (first < index) this.#freed(first, index - first);
      first = index + 1;
    }
    if (first < page + count) this.#freed(first, page + count - first);
  }

  #freed(page: number, count: number): void {
    this.inUse -= count;
    this.#slabs.freed(this, page, count);
  }
}
