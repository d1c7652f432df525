/**
 * The books of one device: which pages are in use, by whom, how many there may be, and which wait for their peer.
 *
 * Numbers in, numbers out. A file is named by the address of its record; a page by its index in the file, as an f64 that
 * holds a whole number; references pass through the `STAGED` places at `staging()`. Nothing here is called while another
 * call is under way. Each operation touches the pages it names, and no others; a sweep, all that are pending.
 */
import { createFile, destroyFile, File } from "./file";
import { addCounts, bits, createLeaf, destroyLeaf, dropCounts, findLeaf, fits, Leaf, PAGES } from "./leaf";
import { addPending, removePending, STAGED, staging, sweepFile, sweepPage } from "./pending";

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
  return <f64>file.next;
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

/** A leaf's place in its file never has live pages at or behind the file's next index: so it is kept while it is needed. */
function dropIfEmpty(leaf: Leaf): void {
  if (!leaf.live() && leaf.number != leaf.file.next >> 6) destroyLeaf(leaf);
}

/** Destroys the leaves without live pages among those of the pages from `first` to `end`. */
function dropEmptyLeaves(file: File, first: u64, end: u64): void {
  for (let number = first >> 6, last = (end + 63) >> 6; number < last; number++) {
    const leaf = findLeaf(file, number);
    if (leaf) dropIfEmpty(leaf);
  }
}

/**
 * Reserves the file's next `count` pages: they count toward the limit, and cannot be found.
 * The index of the first, LIMIT_REACHED or NO_MEMORY; either `list` or `abandon` follows a success.
 */
export function reserve(file: File, count: u32): f64 {
  assert(!file.closed);
  if (<f64>livePages + <f64>count > limitPages) return LIMIT_REACHED;
  if (<u64>livePages + <u64>count > 0xffff_ffff || !fits(count)) return NO_MEMORY;
  const first = file.next;
  const end = first + count;
  if (count) {
    for (let number = first >> 6, last = (end - 1) >> 6; number <= last; number++) {
      if (!findLeaf(file, number) && !createLeaf(file, number)) {
        dropEmptyLeaves(file, first, end);
        return NO_MEMORY;
      }
    }
  }
  file.next = end;
  file.live += count;
  livePages += count;
  return <f64>first;
}

/** Writes the staged references of reserved pages into their leaves, and sets the pages' bits in `listed` or `pending`. */
function settle(file: File, first: u64, count: u32, found: bool): void {
  const end = first + count;
  let from = staging();
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const bit = <u32>(page & 63);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(bit, length);
    assert(!(leaf.live() & mask));
    memory.copy(leaf.gref(bit), from, (<usize>length) << 2);
    if (found) leaf.listed |= mask;
    else addPending(leaf, mask);
    from += (<usize>length) << 2;
    page += length;
  }
}

/**
 * Lists reserved pages with the staged references, at most STAGED at a time: they are found from now on.
 * `begins` says that the first of them begins an allocation.
 */
export function list(file: File, page: f64, count: u32, begins: bool): void {
  const first = <u64>page;
  assert(count > 0 && count <= STAGED && first + count <= file.next);
  settle(file, first, count, true);
  if (begins) findLeaf(file, first >> 6)!.begins |= bits(<u32>(first & 63), 1);
  file.listed += count;
  listedPages += count;
}

/** Makes reserved pages pending, with the staged references, at most STAGED at a time: granted, but for an allocation that failed. */
export function adopt(file: File, page: f64, count: u32): void {
  const first = <u64>page;
  assert(count > 0 && count <= STAGED && first + count <= file.next);
  settle(file, first, count, false);
}

/** Gives the reserved pages from `page` to the file's next index back, none of which was listed or adopted. */
export function abandon(file: File, page: f64): void {
  const first = <u64>page;
  const end = file.next;
  assert(first <= end);
  const count = <u32>(end - first);
  file.live -= count;
  livePages -= count;
  file.next = first;
  dropEmptyLeaves(file, first, end);
}

/** Moves the file's next index back as far as no page is live, but not below `page`. */
export function rewind(file: File, page: f64): void {
  const first = <u64>page;
  const old = file.next;
  let next = old;
  while (next > first) {
    const leaf = findLeaf(file, (next - 1) >> 6);
    if (leaf && leaf.live() & bits(<u32>((next - 1) & 63), 1)) break;
    next--;
  }
  file.next = next;
  dropEmptyLeaves(file, next, old + 1);
}

/** Whether all of the pages are listed in the file: never for none. */
export function find(file: File, page: f64, count: u32): bool {
  const first = <u64>page;
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
  const first = <u64>page;
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
  const index = <u64>page;
  return <f64>load<u32>(findLeaf(file, index >> 6)!.gref(<u32>(index & 63)));
}

/** Lets go of listed pages: they are no longer found, and those that are not mapped become pending. OK or NOT_FOUND. */
export function free(file: File, page: f64, count: u32): i32 {
  if (!find(file, page, count)) return NOT_FOUND;
  const first = <u64>page;
  const end = first + count;
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(<u32>(page & 63), length);
    leaf.listed &= ~mask;
    addPending(leaf, mask & ~leaf.mapped);
    page += length;
  }
  file.listed -= count;
  listedPages -= count;
  return OK;
}

/** Counts one mapping of listed pages: a use of each. OK, NOT_FOUND or NO_MEMORY. */
export function map(file: File, page: f64, count: u32): i32 {
  if (!find(file, page, count)) return NOT_FOUND;
  const first = <u64>page;
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
    for (let rest = once; rest; rest &= rest - 1) {
      const place = leaf.count(<u32>ctz(rest));
      store<u32>(place, load<u32>(place) + 1);
    }
    leaf.again |= once;
    leaf.mapped |= mask;
    mappedPages += <u32>popcnt(mask & ~once);
    page += length;
  }
  file.mappings++;
  return OK;
}

/** Counts the end of one mapping, with the page and count of its `map`. Pages without a use become pending. */
export function unmap(file: File, page: f64, count: u32): void {
  const first = <u64>page;
  const end = first + count;
  assert(file.mappings > 0);
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(<u32>(page & 63), length);
    assert((leaf.mapped & mask) == mask);
    const last = mask & ~leaf.again;
    for (let rest = leaf.again & mask; rest; rest &= rest - 1) {
      const bit = <u32>ctz(rest);
      const more = load<u32>(leaf.count(bit)) - 1;
      store<u32>(leaf.count(bit), more);
      if (!more) leaf.again &= ~bits(bit, 1);
    }
    dropCounts(leaf);
    leaf.mapped &= ~last;
    mappedPages -= <u32>popcnt(last);
    addPending(leaf, last & ~leaf.listed);
    page += length;
  }
  file.mappings--;
  if (file.closed && !file.mappings) letGo(file);
}

/** Makes all listed pages of a file without mappings pending. */
function letGo(file: File): void {
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
  if (!file.mappings) letGo(file);
}

/** Forgets a closed file if none of its pages is live: whether it did. */
export function forget(file: File): bool {
  assert(file.closed);
  if (file.live || file.mappings) return false;
  const leaf = file.firstLeaf;
  if (leaf) destroyLeaf(leaf);
  assert(!file.firstLeaf);
  destroyFile(file);
  return true;
}

/** The peer's access to `count` pages of the sweep's run, from `offset` on, has ended: they are gone. */
export function ended(offset: u32, count: u32): void {
  const file = changetype<File>(sweepFile);
  const first = sweepPage + offset;
  const end = first + count;
  for (let page = first; page < end;) {
    const length = stretch(page, end);
    const leaf = findLeaf(file, page >> 6)!;
    const mask = bits(<u32>(page & 63), length);
    leaf.begins &= ~mask;
    removePending(leaf, mask);
    dropIfEmpty(leaf);
    page += length;
  }
  file.live -= count;
  livePages -= count;
}
