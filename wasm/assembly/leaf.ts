import { cut, room } from "./memory";
import { File } from "./file";

/** Pages in a leaf: one for each bit of its masks. */
export const PAGES: u32 = 64;

/**
 * The books of 64 neighbouring pages of one file, from page 64 × `number` on.
 *
 * Bit i of each mask speaks of page 64 × `number` + i. A page is *live* while a bit of it is set in `listed`, `mapped` or
 * `pending`; `pending` excludes the other two. A leaf without a live page goes, unless the file's next page belongs in it.
 *
 * ```text
 *  0        8        16      24       32        40       48     52       56
 *  | listed | mapped | again | begins | pending | number | file | counts | the links of two lists … 72
 *  | u64    | u64    | u64   | u64    | u64     | u64    |
 *  72                                                    328
 *  | the grant reference of each page: u32 × 64           |
 * ```
 */
@unmanaged
export class Leaf {
  /** Pages that can be found in the file: their first use. */
  listed: u64;
  /** Pages that are mapped here at least once: their second use. */
  mapped: u64;
  /** Pages that are mapped more than once: how often beyond the first is in `counts`. */
  again: u64;
  /** Pages that begin an allocation. */
  begins: u64;
  /** Pages without a use, to which the peer's access has not ended yet. */
  pending: u64;
  /** Which 64 pages of the file. */
  number: u64;
  file: File;
  /** u32 × 64: mappings beyond the first, a page each; 0 where `again` is 0. */
  counts: usize;
  nextInFile: Leaf | null;
  previousInFile: Leaf | null;
  nextPending: Leaf | null;
  previousPending: Leaf | null;

  /** Where the reference of page `bit` is. */
  @inline
  gref(bit: u32): usize {
    return changetype<usize>(this) + offsetof<Leaf>() + ((<usize>bit) << 2);
  }

  /** Where the count of page `bit` is. */
  @inline
  count(bit: u32): usize {
    return this.counts + ((<usize>bit) << 2);
  }

  /** The pages that are live. */
  @inline
  live(): u64 {
    return this.listed | this.mapped | this.pending;
  }
}

const SIZE: usize = offsetof<Leaf>() + 4 * <usize>PAGES;
const COUNTS_SIZE: usize = 4 * <usize>PAGES;

/** The bits from `first` on, `length` of them; both together are at most 64, and `length` is at least 1. */
@inline
export function bits(first: u32, length: u32): u64 {
  return (<u64>-1 >> (64 - <u64>length)) << <u64>first;
}

/**
 * All leaves by file and number: open addressing, linear probing, at most half full.
 * An empty place is 0; a removal moves later entries back, so that there are no tombstones.
 */
let table: usize = 0;
let capacity: u32 = 0;
let size: u32 = 0;
/** The hash is the upper bits of a product: this is how far they are shifted down. */
let shift: u64 = 0;

let freeLeaf: usize = 0;
let freeCounts: usize = 0;

@inline
function place(index: u32): usize {
  return table + ((<usize>index) << 2);
}

/** Fibonacci hashing: neighbouring numbers of one file, and equal numbers of several, land far apart. */
@inline
function home(file: usize, number: u64): u32 {
  return <u32>(((number ^ ((<u64>file) << 32)) * 0x9e37_79b9_7f4a_7c15) >> shift);
}

/** The leaf of a file that has a number, or null. */
export function findLeaf(file: File, number: u64): Leaf | null {
  const latest = file.latest;
  if (latest && latest.number == number) return latest;
  if (!capacity) return null;
  let index = home(changetype<usize>(file), number);
  while (true) {
    const leaf = changetype<Leaf>(load<usize>(place(index)));
    if (!changetype<usize>(leaf)) return null;
    if (leaf.number == number && leaf.file == file) {
      file.latest = leaf;
      return leaf;
    }
    index = (index + 1) & (capacity - 1);
  }
}

function insert(leaf: Leaf): void {
  let index = home(changetype<usize>(leaf.file), leaf.number);
  while (load<usize>(place(index))) index = (index + 1) & (capacity - 1);
  store<usize>(place(index), changetype<usize>(leaf));
}

function remove(leaf: Leaf): void {
  const mask = capacity - 1;
  let gap = home(changetype<usize>(leaf.file), leaf.number);
  while (load<usize>(place(gap)) != changetype<usize>(leaf)) gap = (gap + 1) & mask;
  let index = gap;
  while (true) {
    index = (index + 1) & mask;
    const other = load<usize>(place(index));
    if (!other) break;
    const start = home(changetype<usize>(changetype<Leaf>(other).file), changetype<Leaf>(other).number);
    // It may move back into the gap only if its probing passes there: if its home is not between the two.
    if (((index - start) & mask) >= ((index - gap) & mask)) {
      store<usize>(place(gap), other);
      gap = index;
    }
  }
  store<usize>(place(gap), 0);
}

/** Twice the places, or the first 64. The old table is not used again: all of them together are smaller than the new one. */
function grow(): bool {
  const old = table;
  const places = capacity;
  const wanted: u32 = places ? places << 1 : 64;
  const block = cut((<usize>wanted) << 2);
  if (!block) return false;
  memory.fill(block, 0, (<usize>wanted) << 2);
  table = block;
  capacity = wanted;
  shift = 64 - ctz<u64>(<u64>wanted);
  for (let index: u32 = 0; index < places; index++) {
    const leaf = load<usize>(old + ((<usize>index) << 2));
    if (leaf) insert(changetype<Leaf>(leaf));
  }
  return true;
}

/** Pages that one allocation may have at most: 16 GiB, whose books take 20 MB, which stay even if the pages are refused. */
const MOST: u32 = 1 << 22;

/** Whether the books of so many more pages may be made, and fit. */
export function fits(pages: u32): bool {
  return pages <= MOST && (<u64>(pages / PAGES) + 2) * <u64>SIZE < room();
}

/** A new leaf of a file, without a live page; null if there is no memory. */
export function createLeaf(file: File, number: u64): Leaf | null {
  if ((size + 1) * 2 > capacity && !grow()) return null;
  let block = freeLeaf;
  if (block) freeLeaf = load<usize>(block);
  else block = cut(SIZE);
  if (!block) return null;
  memory.fill(block, 0, offsetof<Leaf>());
  const leaf = changetype<Leaf>(block);
  leaf.number = number;
  leaf.file = file;
  const last = file.lastLeaf;
  leaf.previousInFile = last;
  if (last) last.nextInFile = leaf;
  else file.firstLeaf = leaf;
  file.lastLeaf = leaf;
  file.latest = leaf;
  insert(leaf);
  size++;
  return leaf;
}

/** Takes back a leaf that has no live page. */
export function destroyLeaf(leaf: Leaf): void {
  assert(!leaf.live() && !leaf.again && !leaf.counts);
  remove(leaf);
  size--;
  const file = leaf.file;
  const next = leaf.nextInFile;
  const previous = leaf.previousInFile;
  if (next) next.previousInFile = previous;
  else file.lastLeaf = previous;
  if (previous) previous.nextInFile = next;
  else file.firstLeaf = next;
  if (file.latest == leaf) file.latest = null;
  const block = changetype<usize>(leaf);
  store<usize>(block, freeLeaf);
  freeLeaf = block;
}

/** Gives a leaf its counts, all 0, unless it has them; false if there is no memory. */
export function addCounts(leaf: Leaf): bool {
  if (leaf.counts) return true;
  let block = freeCounts;
  if (block) freeCounts = load<usize>(block);
  else block = cut(COUNTS_SIZE);
  if (!block) return false;
  memory.fill(block, 0, COUNTS_SIZE);
  leaf.counts = block;
  return true;
}

/** Takes a leaf's counts back if no page of it is mapped more than once. */
export function dropCounts(leaf: Leaf): void {
  if (leaf.again || !leaf.counts) return;
  store<usize>(leaf.counts, freeCounts);
  freeCounts = leaf.counts;
  leaf.counts = 0;
}

/** The number of leaves, and the leaf in each place of the table: for the debug build. */
export function leafCount(): u32 {
  return size;
}

/** The number of places in the table: for the debug build. */
export function placeCount(): u32 {
  return capacity;
}

/** The leaf in one place of the table, or null: for the debug build. */
export function leafAt(index: u32): Leaf | null {
  return changetype<Leaf | null>(load<usize>(place(index)));
}
