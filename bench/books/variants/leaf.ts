/**
 * The design of the core in plain TypeScript: leaves of 64 pages with a mask for each property, found by a hash. See
 * `leaf.c`.
 *
 * @module
 */
import type { Books } from "./books.ts";
import { References } from "./references.ts";

const PAGES = 64;

/** The books of 64 neighbouring pages. A mask is two numbers because JavaScript's operators take 32 bits. */
class Leaf {
  file: LeafFile;
  number: number;
  listedLow = 0;
  listedHigh = 0;
  pendingLow = 0;
  pendingHigh = 0;
  readonly grefs = new Uint32Array(PAGES);

  constructor(file: LeafFile, number: number) {
    this.file = file;
    this.number = number;
  }
}

class LeafFile {
  next = 0;
  latest: Leaf | undefined = undefined;
  readonly leaves = new Map<number, Leaf>();
}

/** The bits from `first` to `end` - 1, of the 32 that start at `base`. */
function bits(first: number, end: number, base: number): number {
  const from = Math.max(first - base, 0);
  const length = Math.min(end - base, 32) - from;
  return length > 0 ? (-1 >>> (32 - length)) << from : 0;
}

/** Finds leaves by a hash, and touches only those of the pages that it is asked for. */
export class LeafBooks implements Books<LeafFile> {
  readonly references = new References();
  readonly #freeLeaves: Leaf[] = [];
  /** Leaves with pending pages that the peer no longer maps. */
  readonly #toAsk = new Set<Leaf>();

  open(): LeafFile {
    return new LeafFile();
  }

  #find(file: LeafFile, number: number): Leaf | undefined {
    const { latest } = file;
    if (latest !== undefined && latest.number === number) return latest;
    const leaf = file.leaves.get(number);
    if (leaf !== undefined) file.latest = leaf;
    return leaf;
  }

  #create(file: LeafFile, number: number): Leaf {
    let leaf = this.#freeLeaves.pop();
    if (leaf) {
      leaf.file = file;
      leaf.number = number;
    } else {
      leaf = new Leaf(file, number);
    }
    file.leaves.set(number, leaf);
    file.latest = leaf;
    return leaf;
  }

  /** Drops a leaf without live pages, unless it is to take the file's next page. */
  #dropIfEmpty(leaf: Leaf): void {
    if ((leaf.listedLow | leaf.listedHigh | leaf.pendingLow | leaf.pendingHigh) !== 0) return;
    const { file } = leaf;
    if (leaf.number === Math.floor(file.next / PAGES)) return;
    file.leaves.delete(leaf.number);
    if (file.latest === leaf) file.latest = undefined;
    this.#freeLeaves.push(leaf);
  }

  allocate(file: LeafFile, count: number): number {
    this.#sweep();
    const first = file.next;
    const last = first + count;
    for (let page = first; page < last;) {
      const number = Math.floor(page / PAGES);
      const from = page - number * PAGES;
      const end = Math.min(PAGES, last - number * PAGES);
      const leaf = this.#find(file, number) ?? this.#create(file, number);
      for (let bit = from; bit < end; bit++) leaf.grefs[bit] = this.references.add();
      leaf.listedLow |= bits(from, end, 0);
      leaf.listedHigh |= bits(from, end, 32);
      page += end - from;
    }
    file.next = last;
    return first;
  }

  find(file: LeafFile, page: number, count: number): boolean {
    const last = page + count;
    if (count === 0 || last > file.next) return false;
    while (page < last) {
      const number = Math.floor(page / PAGES);
      const from = page - number * PAGES;
      const end = Math.min(PAGES, last - number * PAGES);
      const leaf = this.#find(file, number);
      if (leaf === undefined) return false;
      if ((bits(from, end, 0) & ~leaf.listedLow) !== 0 || (bits(from, end, 32) & ~leaf.listedHigh) !== 0) return false;
      page += end - from;
    }
    return true;
  }

  free(file: LeafFile, page: number, count: number): boolean {
    if (!this.find(file, page, count)) return false;
    const last = page + count;
    while (page < last) {
      const number = Math.floor(page / PAGES);
      const from = page - number * PAGES;
      const end = Math.min(PAGES, last - number * PAGES);
      const leaf = this.#find(file, number)!;
      const low = bits(from, end, 0);
      const high = bits(from, end, 32);
      leaf.listedLow &= ~low;
      leaf.listedHigh &= ~high;
      this.#endAccess(leaf, low, high);
      page += end - from;
    }
    this.#sweep();
    return true;
  }

  /** Ends access to pages of a leaf. Those that the peer holds become pending. */
  #endAccess(leaf: Leaf, low: number, high: number): void {
    leaf.pendingLow = leaf.pendingLow & ~low | this.#held(leaf, low, 0);
    leaf.pendingHigh = leaf.pendingHigh & ~high | this.#held(leaf, high, 32);
    this.#dropIfEmpty(leaf);
  }

  /** Ends access to some of 32 pages, and returns those that the peer holds. */
  #held(leaf: Leaf, mask: number, base: number): number {
    let held = 0;
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const bit = 31 - Math.clz32(rest & -rest);
      const gref = leaf.grefs[base + bit]!;
      if (this.references.end(gref)) continue;
      held |= 1 << bit;
      this.references.onRelease(gref, () => this.#toAsk.add(leaf));
    }
    return held;
  }

  /** Ends access to the pending pages that peers no longer map. */
  #sweep(): void {
    if (this.#toAsk.size === 0) return;
    for (const leaf of this.#toAsk) this.#endAccess(leaf, leaf.pendingLow, leaf.pendingHigh);
    this.#toAsk.clear();
  }

  gref(file: LeafFile, page: number): number {
    return this.#find(file, Math.floor(page / PAGES))!.grefs[page % PAGES]!;
  }
}
