import { cut, giveLine, LINE, room, takeLine } from "./memory";
import { File } from "./file";
import { insert, look, makeRoom, remove } from "./table";

/** Pages in a leaf: one for each bit of its masks. */
export const PAGES: u32 = 64;

/**
 * The books of 64 neighbouring pages of one file, from page 64 × `number` on. One line of memory.
 *
 * Bit i of each mask speaks of page 64 × `number` + i. A page is *live* while a bit of it is set in `listed`, `mapped` or
 * `pending`. A leaf without a live page goes, unless the file's next page belongs in it.
 *
 * ```text
 *  0        8        16       24        32       40     44      48       52           56               60          64
 *  | listed | mapped | begins | pending | number | file | grefs | counts | nextInFile | previousInFile | nextToAsk |
 *  | u64    | u64    | u64    | u64     | u64    | File | usize | usize  | Leaf       | Leaf           | usize     |
 *
 *  grefs, of all pages:     | u32 × 64 |                          the reference of page i at i
 *  grefs | 1, packed:       | u64: the pages | u32 × 14 |         their references, in order
 *  counts:                  | u64: again | … 64 | u32 × 64 |      `again`: pages mapped more than once, and how often more
 * ```
 */
@unmanaged
export class Leaf {
  /** Pages that can be found in the file: their first use. */
  listed: u64;
  /** Pages that are mapped here at least once: their second use. Of pending pages, those that the peer is known to map. */
  mapped: u64;
  /** Pages that begin an allocation. */
  begins: u64;
  /** Pages without a use here, to which the peer's access has not ended yet. */
  pending: u64;
  /** Which 64 pages of the file. */
  number: u64;
  file: File;
  /** Where the references are; plus 1 if they are packed. */
  grefs: usize;
  /** Mappings beyond the first; 0 where no page is mapped more than once. */
  counts: usize;
  nextInFile: Leaf | null;
  previousInFile: Leaf | null;
  /** Its place in a queue of leaves with pages to ask for: the next one, or LAST; 0 where it is in none. */
  nextToAsk: usize;

  /** Where the reference of page `bit` is. Those of neighbouring live pages are next to each other. */
  @inline
  gref(bit: u32): usize {
    const grefs = this.grefs;
    if (!(grefs & 1)) return grefs + ((<usize>bit) << 2);
    const before = load<u64>(grefs - 1) & ((<u64>1 << <u64>bit) - 1);
    return grefs + 7 + (<usize>popcnt(before) << 2);
  }

  /** The pages that are mapped more than once. */
  @inline
  again(): u64 {
    return this.counts ? load<u64>(this.counts) : 0;
  }

  /** Where the count of page `bit` is. */
  @inline
  count(bit: u32): usize {
    return this.counts + LINE + ((<usize>bit) << 2);
  }

  /** The pages that are live. */
  @inline
  live(): u64 {
    return this.listed | this.mapped | this.pending;
  }

  /** The pages for which the backend is to be asked: pending ones that the peer is not known to map. */
  @inline
  toAsk(): u64 {
    return this.pending & ~this.mapped;
  }
}

/** The number of no leaf. */
const NO_NUMBER: u64 = -1;

/** A leaf of no file, in place of one that is remembered. */
export const NO_LEAF: Leaf = changetype<Leaf>(memory.data(64, 8));
NO_LEAF.number = NO_NUMBER;

const GREFS_SIZE: usize = 4 * <usize>PAGES;
const COUNTS_SIZE: usize = LINE + 4 * <usize>PAGES;
/** References in a packed block. */
const PACKED: u64 = 14;

let freeGrefs: usize = 0;
let freeCounts: usize = 0;

/** The bits from `first` on, `length` of them; both together are at most 64, and `length` is at least 1. */
@inline
export function bits(first: u32, length: u32): u64 {
  return (<u64>-1 >> (64 - <u64>length)) << <u64>first;
}

/** The leaf of a file that has a number, or null. */
@inline
export function findLeaf(file: File, number: u64): Leaf | null {
  const latest = file.latest;
  return latest.number == number ? latest : findOther(file, number);
}

function findOther(file: File, number: u64): Leaf | null {
  if (!file.firstLeaf) return null;
  const leaf = look(file, number);
  if (leaf) file.latest = leaf;
  return leaf;
}

/** Pages that one allocation may have at most: 16 GiB, whose books take 20 MB, which stay even if the pages are refused. */
const MOST: u32 = 1 << 22;

/** Whether the books of so many more pages may be made, and fit. */
export function fits(pages: u32): bool {
  return pages <= MOST && (<u64>(pages / PAGES) + 2) * <u64>(LINE + GREFS_SIZE) < room();
}

function takeGrefs(): usize {
  const block = freeGrefs;
  if (!block) return cut(GREFS_SIZE);
  freeGrefs = load<usize>(block);
  return block;
}

function giveGrefs(block: usize): void {
  if (block & 1) return giveLine(block - 1);
  store<usize>(block, freeGrefs);
  freeGrefs = block;
}

/** A new leaf of a file, without a live page; null if there is no memory. */
export function createLeaf(file: File, number: u64): Leaf | null {
  if (!makeRoom()) return null;
  const line = takeLine();
  if (!line) return null;
  const grefs = takeGrefs();
  if (!grefs) {
    giveLine(line);
    return null;
  }
  const leaf = changetype<Leaf>(line);
  leaf.listed = 0;
  leaf.mapped = 0;
  leaf.begins = 0;
  leaf.pending = 0;
  leaf.number = number;
  leaf.file = file;
  leaf.grefs = grefs;
  leaf.counts = 0;
  const last = file.lastLeaf;
  leaf.nextInFile = null;
  leaf.previousInFile = last;
  if (last) last.nextInFile = leaf;
  else file.firstLeaf = leaf;
  file.lastLeaf = leaf;
  file.latest = leaf;
  leaf.nextToAsk = 0;
  insert(leaf);
  return leaf;
}

/** Takes back a leaf that has no live page. */
function destroyLeaf(leaf: Leaf): void {
  assert(!leaf.live() && !leaf.counts && !leaf.nextToAsk);
  remove(leaf);
  const file = leaf.file;
  const next = leaf.nextInFile;
  const previous = leaf.previousInFile;
  if (next) next.previousInFile = previous;
  else file.lastLeaf = previous;
  if (previous) previous.nextInFile = next;
  else file.firstLeaf = next;
  if (file.latest == leaf) file.latest = NO_LEAF;
  if (file.tail == leaf) file.tail = NO_LEAF;
  giveGrefs(leaf.grefs);
  giveLine(changetype<usize>(leaf));
}

/** Takes the last leaf of a file without live pages back. */
export function dropLast(file: File): void {
  const leaf = file.firstLeaf;
  if (leaf) destroyLeaf(leaf);
  assert(!file.firstLeaf);
}

/**
 * Takes a leaf back if no page of it is live, and packs its references if few are: unless the file's next page belongs in
 * it, or it is in a queue, and looked at when it leaves that.
 */
@inline
export function tidy(leaf: Leaf): void {
  const live = leaf.live();
  if (<u64>popcnt(live) > PACKED || leaf.number == leaf.file.next >> 6 || leaf.nextToAsk) return;
  if (!live) destroyLeaf(leaf);
  else if (!(leaf.grefs & 1)) pack(leaf, live);
}

/** Moves the references of the few live pages into a smaller block, if there is memory for it. */
function pack(leaf: Leaf, live: u64): void {
  const line = takeLine();
  if (!line) return;
  store<u64>(line, live);
  let to = line + 8;
  for (let rest = live; rest; rest &= rest - 1, to += 4) store<u32>(to, load<u32>(leaf.gref(<u32>ctz(rest))));
  giveGrefs(leaf.grefs);
  leaf.grefs = line | 1;
  if (leaf.file.tail == leaf) leaf.file.tail = NO_LEAF;
}

/** Gives each page of a leaf a place for its reference again: false if there is no memory. */
export function unpack(leaf: Leaf): bool {
  const packed = leaf.grefs;
  if (!(packed & 1)) return true;
  const block = takeGrefs();
  if (!block) return false;
  let from = packed + 7;
  for (let rest = load<u64>(packed - 1); rest; rest &= rest - 1, from += 4) {
    store<u32>(block + (<usize>ctz(rest) << 2), load<u32>(from));
  }
  giveGrefs(packed);
  leaf.grefs = block;
  return true;
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
  const block = leaf.counts;
  if (!block || leaf.again()) return;
  store<usize>(block, freeCounts);
  freeCounts = block;
  leaf.counts = 0;
}
