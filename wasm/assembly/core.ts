/**
 * The books of one device: which pages are in use, by whom, how many there may be, and which wait for their peer.
 *
 * Numbers in, numbers out. A file is named by the address of its record; a page by its index in the file, as an f64 that
 * holds a whole number below 2⁵³; references pass through the `STAGED` places at `staging()`. Nothing here is called while
 * another call is under way. Each operation touches the pages it names, and no others; a sweep, all that are to be asked for.
 */
import { createFile, destroyFile, File } from "./file";
import { addCounts, bits, createLeaf, dropCounts, dropLast, findLeaf, fits, Leaf, PAGES, tidy, unpack } from "./leaf";
import { copyGrefs } from "./memory";
import {
  addPending,
  nextRun,
  nothingToAsk,
  release,
  removePending,
  runLeaf,
  STAGED,
  staging,
  sweep,
  sweepCount,
  sweepOnly,
  sweepPage,
} from "./pending";

/** The operation did what it says. */
export const OK: i32 = 0;
/** There would be more pages than the limit allows. */
export const LIMIT_REACHED: i32 = -1;
/** Not all of the pages are listed in the file. */
export const NOT_FOUND: i32 = -2;
/** The host gives no more memory. */
export const NO_MEMORY: i32 = -3;

let limitPages: f64 = 0;
let livePages: u32 = 0;
let listedPages: u32 = 0;
let mappedPages: u32 = 0;
/** The number of pages that may be live, or Infinity. */
export function limit(): f64 {
  return limitPages;
}

/** Sets the limit; pages beyond it stay, and count. */
export function setLimit(pages: f64): void {
  limitPages = pages;
}

/** Pages that count toward the limit. */
export function live(): u32 {
  return livePages;
}

/** Pages that can be found. */
export function listed(): u32 {
  return listedPages;
}

/** Pages that are mapped. */
export function mapped(): u32 {
  return mappedPages;
}

/** Opens a file: its address, or 0 if there is no memory. */
export function open(): usize {
  return changetype<usize>(createFile());
}

/** The index that the file's next page gets. */
export function fileNext(file: File): f64 {
  return <f64>(<i64>file.next);
}

/** The file's pages that count toward the limit. */
export function fileLive(file: File): u32 {
  return file.live;
}

/** The file's pages that can be found. */
export function fileListed(file: File): u32 {
  return file.listed;
}

/** The file's mappings. */
export function fileMappings(file: File): u32 {
  return file.mappings;
}

/** The part of the pages from `page` to `end` that is in one leaf: the number of bits from that of `page` on. */
@inline
function stretch(page: u64, end: u64): u32 {
  return <u32>min<u64>(PAGES - (page & 63), end - page);
}

/** A page's index. Signed, as that is what processors convert. */
@inline
function index(page: f64): u64 {
  return <u64>(<i64>page);
}

/** Tidies the leaves of the pages from `first` to `end`. */
function tidyAll(file: File, first: u64, end: u64): void {
  for (let number = first >> 6, last = (end + 63) >> 6; number < last; number++) {
    const leaf = findLeaf(file, number);
    if (leaf) tidy(leaf);
  }
}

/** Makes the leaves of the pages from `first` to `end`, and room in them: false if there is no memory. */
function makeLeaves(file: File, first: u64, end: u64): bool {
  for (let number = first >> 6, last = (end - 1) >> 6; number <= last; number++) {
    const leaf = findLeaf(file, number) || createLeaf(file, number);
    if (!leaf || !unpack(leaf)) return false;
    file.tail = leaf;
  }
  return true;
}

/**
 * Reserves the file's next `count` pages: they count toward the limit, and cannot be found.
 * The index of the first, LIMIT_REACHED or NO_MEMORY; after a success `list` follows for all, or `abandon`.
 */
export function reserve(file: File, count: u32): f64 {
  assert(!file.closed && file.settled == file.next);
  if (<f64>livePages + <f64>count > limitPages) return LIMIT_REACHED;
  const first = file.next;
  const end = first + count;
  // Mostly all of them are of one leaf, which is there.
  if (file.tail.number != first >> 6 || (first & 63) + count > PAGES) {
    if (!fits(count)) return NO_MEMORY;
    if (count && !makeLeaves(file, first, end)) {
      tidyAll(file, first, end);
      return NO_MEMORY;
    }
  }
  file.next = end;
  file.begun = 0;
  file.live += count;
  livePages += count;
  return <f64>(<i64>first);
}

/** Writes the staged references of the next reserved pages into their leaves, and sets the pages' bits. */
function settle(file: File, first: u64, count: u32, found: bool): void {
  assert(count > 0 && count <= STAGED && first + count <= file.next);
  const end = first + count;
  let from = staging();
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const bit = <u32>(page & 63);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(bit, length);
    assert(!(leaf.live() & mask) && !(leaf.grefs & 1));
    copyGrefs(leaf.gref(bit), from, length);
    if (found) {
      leaf.listed |= mask;
      if (!file.begun) leaf.begins |= bits(bit, 1);
      file.begun = 1;
    } else {
      addPending(leaf, mask);
    }
    from += (<usize>length) << 2;
    page += length;
  }
  file.settled = end;
}

/** Lists the next `count` reserved pages with the staged references, at most STAGED at a time: they are found from now on. */
export function list(file: File, count: u32): void {
  settle(file, file.settled, count, true);
  file.listed += count;
  listedPages += count;
}

/** The same for the only page of an allocation, with its reference. */
export function listOne(file: File, gref: u32): void {
  const page = file.settled;
  const leaf = file.tail;
  assert(leaf.number == page >> 6 && page + 1 == file.next && !(leaf.grefs & 1));
  const mask = <u64>1 << (page & 63);
  assert(!(leaf.live() & mask));
  store<u32>(leaf.grefs + (<usize>(page & 63) << 2), gref);
  leaf.listed |= mask;
  leaf.begins |= mask;
  file.settled = page + 1;
  file.listed++;
  listedPages++;
}

/** Makes the next `count` reserved pages pending, with the staged references, at most STAGED at a time: granted, but for an allocation that failed. */
export function adopt(file: File, count: u32): void {
  const first = file.settled;
  settle(file, first, count, false);
}

/** Gives the reserved pages that were neither listed nor adopted back: they are the file's next ones again. */
export function abandon(file: File): void {
  const first = file.settled;
  const end = file.next;
  assert(first <= end);
  const count = <u32>(end - first);
  file.live -= count;
  livePages -= count;
  file.next = first;
  tidyAll(file, first, end);
}

/** Moves the file's next index back as far as no page is live, but not below `page`. */
export function rewind(file: File, page: f64): void {
  const first = index(page);
  const old = file.next;
  let next = old;
  while (next > first) {
    const leaf = findLeaf(file, (next - 1) >> 6);
    if (leaf && leaf.live() & bits(<u32>((next - 1) & 63), 1)) break;
    next--;
  }
  file.next = next;
  file.settled = next;
  tidyAll(file, next, old + 1);
}

/** Whether all of the pages are listed in the file: never for none. */
export function find(file: File, page: f64, count: u32): bool {
  const first = index(page);
  const end = first + count;
  if (!count || end > file.next) return false;
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6);
    if (!leaf) return false;
    const mask = bits(<u32>(page & 63), length);
    if ((leaf.listed & mask) != mask) return false;
    page += length;
  }
  return true;
}

/** Of `count` live pages, how many from the first on belong to its allocation. */
export function together(file: File, page: f64, count: u32): u32 {
  const first = index(page);
  const end = first + count;
  for (let page = first + 1; page < end;) {
    const rest = findLeaf(file, page >> 6)!.begins >> (page & 63);
    if (rest) return <u32>(min<u64>(page + ctz(rest), end) - first);
    page = (page | 63) + 1;
  }
  return count;
}

/** The reference of a live page. */
export function gref(file: File, page: f64): f64 {
  const number = index(page);
  return <f64>load<u32>(findLeaf(file, number >> 6)!.gref(<u32>(number & 63)));
}

/**
 * Lets go of listed pages: they are no longer found, and those that are not mapped become pending. NOT_FOUND; or `count`, if
 * a sweep has begun of which these pages are the only run; or 0, and a sweep is to be begun.
 */
export function free(file: File, page: f64, count: u32): i32 {
  const first = index(page);
  const bit = <u32>(first & 63);
  if (count > PAGES - bit || !count) return freeRun(file, page, count);
  // Of one leaf, as most are.
  const leaf = findLeaf(file, first >> 6);
  const mask = bits(bit, count);
  if (!leaf || (leaf.listed & mask) != mask) return NOT_FOUND;
  leaf.listed ^= mask;
  file.listed -= count;
  listedPages -= count;
  if (leaf.mapped & mask || !nothingToAsk()) {
    addPending(leaf, mask & ~leaf.mapped);
    return 0;
  }
  sweepOnly(leaf, bit, mask, first, count);
  return count;
}

function freeRun(file: File, page: f64, count: u32): i32 {
  if (!find(file, page, count)) return NOT_FOUND;
  const first = index(page);
  const end = first + count;
  let alone = count <= STAGED && nothingToAsk();
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(<u32>(page & 63), length);
    leaf.listed &= ~mask;
    if (leaf.mapped & mask) alone = false;
    addPending(leaf, mask & ~leaf.mapped);
    page += length;
  }
  file.listed -= count;
  listedPages -= count;
  if (!alone) return 0;
  const run = sweep();
  assert(run == count && sweepPage == first);
  return run;
}

/** Counts one mapping of listed pages: a use of each. OK, NOT_FOUND or NO_MEMORY. */
export function map(file: File, page: f64, count: u32): i32 {
  if (!find(file, page, count)) return NOT_FOUND;
  const first = index(page);
  const end = first + count;
  // All memory before the first count is raised.
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6)!;
    if (leaf.mapped & bits(<u32>(page & 63), length) && !addCounts(leaf)) {
      for (let undo = first; undo < page; undo += stretch(undo, page)) dropCounts(findLeaf(file, undo >> 6)!);
      return NO_MEMORY;
    }
    page += length;
  }
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(<u32>(page & 63), length);
    const once = leaf.mapped & mask;
    if (once) {
      for (let rest = once; rest; rest &= rest - 1) {
        const place = leaf.count(<u32>ctz(rest));
        store<u32>(place, load<u32>(place) + 1);
      }
      store<u64>(leaf.counts, leaf.again() | once);
    }
    leaf.mapped |= mask;
    mappedPages += <u32>popcnt(mask & ~once);
    page += length;
  }
  file.mappings++;
  return OK;
}

/** Counts the end of one mapping, with the page and count of its `map`. Pages without a use become pending: whether there are any. */
export function unmap(file: File, page: f64, count: u32): bool {
  const first = index(page);
  const end = first + count;
  assert(file.mappings > 0);
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(<u32>(page & 63), length);
    assert((leaf.mapped & mask) == mask && !(leaf.pending & mask));
    const more = leaf.again() & mask;
    if (more) {
      let again = leaf.again();
      for (let rest = more; rest; rest &= rest - 1) {
        const place = leaf.count(<u32>ctz(rest));
        const left = load<u32>(place) - 1;
        store<u32>(place, left);
        if (!left) again &= ~(rest & -rest);
      }
      store<u64>(leaf.counts, again);
    }
    const last = mask & ~more;
    dropCounts(leaf);
    leaf.mapped &= ~last;
    mappedPages -= <u32>popcnt(last);
    addPending(leaf, last & ~leaf.listed);
    page += length;
  }
  file.mappings--;
  if (file.closed && !file.mappings) letAllGo(file);
  return !nothingToAsk();
}

/** Makes all listed pages of a file without mappings pending. */
function letAllGo(file: File): void {
  let leaf = file.firstLeaf;
  while (leaf) {
    const mask = leaf.listed;
    leaf.listed = 0;
    addPending(leaf, mask);
    leaf = leaf.nextInFile;
  }
  listedPages -= file.listed;
  file.listed = 0;
}

/** Closes a file: its listed pages become pending, at once or, while a mapping of the file is left, with the last one's end. */
export function close(file: File): void {
  assert(!file.closed);
  file.closed = 1;
  if (!file.mappings) letAllGo(file);
}

/** Forgets a closed file if none of its pages is live: whether it did. */
export function forget(file: File): bool {
  assert(file.closed);
  if (file.live || file.mappings) return false;
  dropLast(file);
  destroyFile(file);
  return true;
}

/** The peer has let go of a page: if it is pending, and was held, the next sweep asks for it. Whether it was. */
export function letGo(file: File, page: f64): bool {
  const number = index(page);
  const leaf = findLeaf(file, number >> 6);
  return leaf ? release(leaf, bits(<u32>(number & 63), 1)) : false;
}

/** The peer's access to `count` pages of the sweep's run, from `offset` on, has ended: they are gone. */
export function ended(offset: u32, count: u32): void {
  const file = runLeaf().file;
  const first = sweepPage + offset;
  const end = first + count;
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(<u32>(page & 63), length);
    leaf.begins &= ~mask;
    removePending(leaf, mask, length);
    page += length;
  }
  file.live -= count;
  livePages -= count;
}

/** The same for all pages of the sweep's run, and `nextRun`. */
export function endedAll(): u32 {
  const count = sweepCount;
  const bit = <u32>(sweepPage & 63);
  if (count > PAGES - bit) {
    ended(0, count);
    return nextRun(false);
  }
  const leaf = runLeaf();
  const mask = bits(bit, count);
  leaf.begins &= ~mask;
  removePending(leaf, mask, count);
  leaf.file.live -= count;
  livePages -= count;
  return nextRun(false);
}
