import { PAGE_SIZE } from "../../src/contract/limits.ts";
import { type MachineMemory, type Memory, MemoryMapping } from "./memory.ts";
import { type Zero, zeroing } from "./zero.ts";

/** Pages of a slab: 16 MiB. A larger allocation gets a slab of its own. */
const SLAB_BITS = 12;
const SLAB_PAGES = 1 << SLAB_BITS;
/** Bytes of a page of WebAssembly. */
const WASM_PAGE = 65_536;
/** How many pages a search can look at for each page that was given back. */
const LOOKS_PER_PAGE = 8;

/**
 * Pages in a few large slabs, which are reused without the garbage collector. All empty slabs but one are dropped.
 *
 * A slab is a `WebAssembly.Memory`, whose buffer a program cannot transfer away.
 *
 * Only a slab knows which of its pages are free. For each length there are hints at where runs of that length were
 * given back, the latest on top, because that run is likely to be still free and in the cache. If no hint is right, the
 * slabs are searched from where the last search ended. The number of pages given back since bounds how far: beyond
 * that, a new slab is cheaper.
 */
export class Slabs implements MachineMemory {
  readonly #slabs: (Slab | undefined)[] = [];
  /** The numbers of slabs that were dropped. */
  readonly #free: number[] = [];
  /** By length, the runs that were given back: the page in the low bits, the slab's number above. */
  readonly #hints: (number[] | undefined)[] = [];
  /** The slab that has pages which were never used. */
  #newest: Slab | undefined;
  /** The slab that is searched next. */
  #next = 0;
  /** How many pages the next searches can look at. */
  #looks = 0;
  /** How many slabs are empty. */
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

  /** Takes pages that were never used, if the newest slab has enough of them. */
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

  /** Searches for a run between pages that are in use. */
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
    this.#free.pop();
    this.#slabs[slab.number] = slab;
    if (count <= SLAB_PAGES) this.#newest = slab;
    slab.take(0, count);
    return slab;
  }

  /** How many slabs there are. */
  get size(): number {
    return this.#slabs.length - this.#free.length;
  }

  at(number: number): Memory {
    return this.#slabs[number]!;
  }

  /** Notes that pages of a slab have become free. */
  freed(slab: Slab, page: number, count: number): void {
    this.#looks = Math.min(this.#looks + LOOKS_PER_PAGE * count, LOOKS_PER_PAGE * SLAB_PAGES * this.#slabs.length);
    if (slab.inUse === 0 && this.#drop(slab)) return;
    if (slab.pages > SLAB_PAGES) return;
    const hints = this.#hints[count] ??= [];
    // Bounded, because nothing removes the hint of a run that has since been divided. Fewer for long runs, so that the
    // total is bounded too.
    if (hints.length < 16 + 4096 / count) hints.push(slab.number << SLAB_BITS | page);
  }

  /** Drops an empty slab, unless it is the one to keep. */
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

/** A block of memory, and how many uses each of its pages has: one for a grant, and one for each mapping. */
class Slab implements Memory {
  readonly number: number;
  readonly pages: number;
  /** How many pages have a use. */
  inUse = 0;
  /** Pages from here on were never used, and are zero. */
  unused = 0;
  /** The page at which the next search begins. */
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

  /** Whether all `count` pages from `page` on are free. */
  isFree(page: number, count: number): boolean {
    const uses = this.#uses;
    for (let index = page; index < page + count; index++) {
      // `undefined` beyond the end.
      if (uses[index] !== 0) return false;
    }
    return true;
  }

  /** Finds `count` free neighbours from `searched` on, which moves behind them. Returns the first, or -1. */
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

  /** Takes `count` free pages from `page` on, and zeroes those that were used before. */
  take(page: number, count: number): void {
    const used = Math.min(page + count, this.unused) - page;
    if (used > 0) this.#zero(page * PAGE_SIZE, used * PAGE_SIZE);
    if (used < count) this.unused = page + count;
    const uses = this.#uses;
    for (let index = page; index < page + count; index++) uses[index] = 1;
    this.inUse += count;
    this.taken = page;
  }

  map(page: number, count: number): MemoryMapping {
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

  /** Ends one use of each of `count` pages from `page` on. */
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
