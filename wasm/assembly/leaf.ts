/** Creates, finds, packs and frees leaves. */
import { cut, giveLine, LINE, room, takeLine } from "./memory";
import { File, Leaf, PAGES } from "./records";
import { insert, look, makeRoom, remove } from "./table";

/** The number of NO_LEAF; no other leaf has it. */
const NO_NUMBER: u64 = -1;

/** The value of a file's `latest` or `tail` while there is no such leaf. It belongs to no file. */
export const NO_LEAF: Leaf = changetype<Leaf>(memory.data(64, 8));
NO_LEAF.number = NO_NUMBER;

const GREFS_SIZE: usize = 4 * <usize>PAGES;
const COUNTS_SIZE: usize = LINE + 4 * <usize>PAGES;
/** The number of references that fit in a packed block. */
const PACKED: u64 = 14;

let freeGrefs: usize = 0;
let freeCounts: usize = 0;

/** Returns a mask of `length` bits from bit `first` on. `length` is at least 1; the sum of both is at most 64. */
@inline
export function bits(first: u32, length: u32): u64 {
  return (<u64>-1 >> (64 - <u64>length)) << <u64>first;
}

/** Returns the leaf of a file with the given number, or null. */
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

/** The most pages that one allocation may have: 16 GiB. Their books take 20 MB, kept even if the pages are refused. */
const MOST: u32 = 1 << 22;

/** Returns whether one allocation may have this many pages, and whether their books fit into memory. */
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

/** Creates a leaf of a file, without live pages. Returns null if out of memory. */
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
  leaf.nextToAsk = 0;
  insert(leaf);
  return leaf;
}

/** Frees a leaf without live pages. */
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

/** Frees the last leaf, if any, of a file without live pages. */
export function dropLast(file: File): void {
  const leaf = file.firstLeaf;
  if (leaf) destroyLeaf(leaf);
  assert(!file.firstLeaf);
}

/**
 * Frees a leaf without live pages; packs the references if few pages are live. Does nothing if the file's next page
 * belongs in the leaf, or if the leaf is in a queue: then it is tidied when it leaves the queue.
 */
@inline
export function tidy(leaf: Leaf): void {
  const live = leaf.live();
  if (<u64>popcnt(live) > PACKED || leaf.number == leaf.file.next >> 6 || leaf.nextToAsk) return;
  if (!live) destroyLeaf(leaf);
  else if (!(leaf.grefs & 1)) pack(leaf, live);
}

/** Moves the references of the few live pages to a smaller block, if there is memory for one. */
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

/** Gives each page of a leaf its own place for a reference again. Returns false if out of memory. */
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

/** Gives a leaf counts, all 0, unless it has them already. Returns false if out of memory. */
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

/** Frees the counts of a leaf if none of its pages is mapped more than once. */
export function dropCounts(leaf: Leaf): void {
  const block = leaf.counts;
  if (!block || leaf.again()) return;
  store<usize>(block, freeCounts);
  freeCounts = block;
  leaf.counts = 0;
}
