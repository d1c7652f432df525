/**
 * The books of one device: which pages are in use, by whom, how many are allowed, and which wait for their peer.
 *
 * Arguments and results are numbers. A file is the address of its record. A page is its index in its file: an f64 that
 * holds a whole number below 2⁵³. References pass through the area at `staging()`, up to `STAGING_CAPACITY` at a time.
 * Calls never nest. An operation touches only the pages it names; a sweep touches all pages to ask about.
 */
import { createFile, destroyFile } from "./file";
import { addCounts, bits, dropCounts, dropLast, findLeaf } from "./leaf";
import { index, stretch } from "./page";
import {
  addPending,
  nextRun,
  nothingToAsk,
  release,
  removePending,
  runLeaf,
  STAGING_CAPACITY,
  sweep,
  sweepCount,
  sweepOnly,
  sweepPage,
} from "./pending";
import { File, Leaf, PAGES } from "./records";
import { listedPages, livePages, mappedPages, NO_MEMORY, NOT_FOUND, OK } from "./totals";

/** Opens a file. Returns its address, or 0 if out of memory. */
export function open(): usize {
  return changetype<usize>(createFile());
}

/** Returns the index of the file's next page. */
export function fileNext(file: File): f64 {
  return <f64>(<i64>file.next);
}

/** Returns how many of the file's pages count toward the limit. */
export function fileLive(file: File): u32 {
  return file.live;
}

/** Returns how many of the file's pages are listed, so that `find` finds them. */
export function fileListed(file: File): u32 {
  return file.listed;
}

/** Returns the number of the file's mappings. */
export function fileMappings(file: File): u32 {
  return file.mappings;
}

/** Returns whether all the pages are listed in the file; false if `count` is 0. */
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

/** Returns how many of `count` live pages, from the first on, belong to the allocation of the first. */
export function allocationRun(file: File, page: f64, count: u32): u32 {
  const first = index(page);
  const end = first + count;
  for (let page = first + 1; page < end;) {
    const rest = findLeaf(file, page >> 6)!.begins >> (page & 63);
    if (rest) return <u32>(min<u64>(page + ctz(rest), end) - first);
    page = (page | 63) + 1;
  }
  return count;
}

/** Returns the reference of a live page. */
export function gref(file: File, page: f64): f64 {
  const number = index(page);
  return <f64>load<u32>(findLeaf(file, number >> 6)!.gref(<u32>(number & 63)));
}

/**
 * Unlists pages; those that are not mapped become pending. Returns NOT_FOUND if not all are listed; `count` if it has
 * begun a sweep whose only run is these pages; otherwise 0, and the caller must begin a sweep.
 */
export function free(file: File, page: f64, count: u32): i32 {
  const first = index(page);
  const bit = <u32>(first & 63);
  if (count > PAGES - bit || !count) return freeRun(file, page, count);
  // The common case: one leaf has all the pages.
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
  let alone = count <= STAGING_CAPACITY && nothingToAsk();
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

/** Counts one mapping of listed pages, which is a use of each. Returns OK, NOT_FOUND or NO_MEMORY. */
export function map(file: File, page: f64, count: u32): i32 {
  if (!find(file, page, count)) return NOT_FOUND;
  const first = index(page);
  const end = first + count;
  // Take all memory before raising the first count, so that a failure raises none.
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

/** Ends a mapping, given `map`'s arguments. Unused pages become pending. Returns whether a sweep is needed. */
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

/** Makes all listed pages of a file pending. The file must have no mappings. */
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

/** Closes a file. Its listed pages become pending: at once, or when the last mapping of the file ends. */
export function close(file: File): void {
  assert(!file.closed);
  file.closed = 1;
  if (!file.mappings) letAllGo(file);
}

/** Forgets a closed file if none of its pages is live. Returns whether it did. */
export function forget(file: File): bool {
  assert(file.closed);
  if (file.live || file.mappings) return false;
  dropLast(file);
  destroyFile(file);
  return true;
}

/** Records that the peer released a page. Returns whether it was pending and held: if so, the next sweep asks again. */
export function released(file: File, page: f64): bool {
  const number = index(page);
  const leaf = findLeaf(file, number >> 6);
  return leaf ? release(leaf, bits(<u32>(number & 63), 1)) : false;
}

/** Removes `count` pages of the sweep's run, from `offset` on, to which the peer's access has ended. */
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

/** Removes all pages of the sweep's run, then moves on as `nextRun(false)` does. */
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
