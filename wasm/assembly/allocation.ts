/**
 * The steps of an allocation: pages are reserved, then listed. If the backend fails, the pages that it granted become
 * pending instead, and the rest is given back.
 */
import { bits, createLeaf, findLeaf, fits, tidy, unpack } from "./leaf";
import { copyGrefs } from "./memory";
import { index, stretch } from "./page";
import { addPending, STAGING_CAPACITY, staging } from "./pending";
import { File, PAGES } from "./records";
import { LIMIT_REACHED, limitPages, listedPages, livePages, NO_MEMORY } from "./totals";

/** Tidies the leaves of the pages from `first` up to `end`, which is excluded. */
function tidyAll(file: File, first: u64, end: u64): void {
  for (let number = first >> 6, last = (end + 63) >> 6; number < last; number++) {
    const leaf = findLeaf(file, number);
    if (leaf) tidy(leaf);
  }
}

/** Makes leaves, with room for references, for the pages from `first` up to `end`. Returns false if out of memory. */
function makeLeaves(file: File, first: u64, end: u64): bool {
  const number = first >> 6;
  const leaf = findLeaf(file, number) || createLeaf(file, number);
  if (!leaf || !unpack(leaf)) return false;
  file.tail = leaf;
  // No leaf follows the one of the file's next page.
  for (let next = number + 1, last = (end - 1) >> 6; next <= last; next++) {
    assert(!findLeaf(file, next));
    const leaf = createLeaf(file, next);
    if (!leaf) return false;
    file.tail = leaf;
  }
  return true;
}

/**
 * Reserves the file's next `count` pages: they count toward the limit, but cannot be found yet. Returns the index of
 * the first, LIMIT_REACHED or NO_MEMORY. After a success the caller must `list` all of them, or call `abandon`.
 */
export function reserve(file: File, count: u32): f64 {
  assert(!file.closed && file.settled == file.next);
  if (<f64>livePages + <f64>count > limitPages) return LIMIT_REACHED;
  const first = file.next;
  const end = first + count;
  // Usually the tail has room for all of them.
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

/** Writes the staged references of the next reserved pages to their leaves, and makes the pages listed or pending. */
function settle(file: File, first: u64, count: u32, found: bool): void {
  assert(count > 0 && count <= STAGING_CAPACITY && first + count <= file.next);
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

/** Lists the next `count` reserved pages, at most STAGING_CAPACITY, with staged references; `find` now finds them. */
export function list(file: File, count: u32): void {
  settle(file, file.settled, count, true);
  file.listed += count;
  listedPages += count;
}

/** Lists the only page of an allocation. Its reference is an argument, not staged. */
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

/** Like `list`, but makes the pages pending: they were granted although their allocation failed. */
export function adoptAsPending(file: File, count: u32): void {
  const first = file.settled;
  settle(file, first, count, false);
}

/** Gives back the reserved pages that were neither listed nor adopted; their indices become the file's next again. */
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

/** Moves the file's next index back to just after the last live page, but not below `page`. */
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
