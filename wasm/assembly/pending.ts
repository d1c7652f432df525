/**
 * Pending pages: unused here, but the peer still has access. To *ask about* a page is to ask the backend to end that
 * access. Leaves with such pages are queued for a sweep. Pages that the peer is known to map are not, and cost nothing.
 */
import { bits, tidy } from "./leaf";
import { copyGrefs } from "./memory";
import { Leaf, PAGES } from "./records";

/** The number of references in the staging area, where they pass between the host and the core. */
export const STAGING_CAPACITY: u32 = 4096;
const staged: usize = memory.data(16384, 8);

/** Returns the address of the staging area. */
export function staging(): usize {
  return staged;
}

let pendingPages: u32 = 0;

/** Marks the end of a queue: the last leaf has it in place of a next one. */
const LAST: usize = 1;
/** The queue of leaves with pages to ask about, oldest first. */
let firstToAsk: usize = LAST;
let lastToAsk: usize = LAST;

/** The leaves that the sweep under way has not left yet, starting with the one in which its run begins. */
let sweepHead: usize = LAST;
/** Where the sweep continues after its run: a leaf, and a bit at or before its next page to ask about. */
let sweepLeaf: usize = LAST;
let sweepBit: u32 = 0;
/** The sweep's current run: its first page and its number of pages. */
export let sweepPage: u64 = 0;
export let sweepCount: u32 = 0;

/** Returns the number of pending pages. */
export function pending(): u32 {
  return pendingPages;
}

function enqueue(leaf: Leaf): void {
  if (leaf.nextToAsk) return;
  leaf.nextToAsk = LAST;
  if (firstToAsk == LAST) firstToAsk = changetype<usize>(leaf);
  else changetype<Leaf>(lastToAsk).nextToAsk = changetype<usize>(leaf);
  lastToAsk = changetype<usize>(leaf);
}

/** Makes pages of a leaf pending. None of them may be pending or mapped. */
export function addPending(leaf: Leaf, mask: u64): void {
  if (!mask) return;
  assert(!(leaf.pending & mask) && !(leaf.mapped & mask));
  leaf.pending |= mask;
  pendingPages += <u32>popcnt(mask);
  enqueue(leaf);
}

/** Makes pages of a leaf no longer pending. All of them must be pages to ask about. */
@inline
export function removePending(leaf: Leaf, mask: u64, count: u32): void {
  assert((leaf.toAsk() & mask) == mask);
  leaf.pending &= ~mask;
  pendingPages -= count;
}

/** Records that the peer released a page. Returns whether it was pending and held: if so, its leaf is queued again. */
export function release(leaf: Leaf, mask: u64): bool {
  if (!(leaf.pending & leaf.mapped & mask)) return false;
  leaf.mapped &= ~mask;
  enqueue(leaf);
  return true;
}

/** Returns whether there is nothing to ask about and no sweep under way. */
@inline
export function nothingToAsk(): bool {
  return firstToAsk == LAST && sweepHead == LAST;
}

/** Makes pages of one leaf pending, and begins a sweep with them as its only run. Requires `nothingToAsk()`. */
@inline
export function sweepOnly(leaf: Leaf, bit: u32, mask: u64, page: u64, count: u32): void {
  assert(nothingToAsk() && !(leaf.pending & mask) && !(leaf.mapped & mask));
  leaf.pending |= mask;
  pendingPages += count;
  leaf.nextToAsk = LAST;
  sweepHead = changetype<usize>(leaf);
  sweepLeaf = LAST;
  sweepPage = page;
  sweepCount = count;
  copyGrefs(staged, leaf.gref(bit), count);
}

/** Begins a sweep over all pages to ask about, oldest leaf first. Returns its first run, as `nextRun` does. */
export function sweep(): u32 {
  // Put what an unfinished sweep has left back into the queue.
  while (sweepHead != LAST) leave();
  sweepHead = firstToAsk;
  sweepLeaf = firstToAsk;
  sweepBit = 0;
  firstToAsk = LAST;
  return nextRun(false);
}

/** Leaves the first leaf of the sweep: queues it again if it has pages to ask about, otherwise tidies it. */
function leave(): void {
  const leaf = changetype<Leaf>(sweepHead);
  sweepHead = leaf.nextToAsk;
  leaf.nextToAsk = 0;
  if (leaf.toAsk()) enqueue(leaf);
  else tidy(leaf);
}

/** Records that the peer maps the pages of the sweep's run that are still pending: they wait until it releases them. */
function hold(): void {
  let leaf = changetype<Leaf>(sweepHead);
  let bit = <u32>(sweepPage & 63);
  let rest = sweepCount;
  while (true) {
    const length = min<u32>(PAGES - bit, rest);
    leaf.mapped |= leaf.pending & bits(bit, length);
    rest -= length;
    if (!rest) return;
    leaf = changetype<Leaf>(leaf.nextToAsk);
    bit = 0;
  }
}

/**
 * Moves the sweep to its next run of pages. Returns their number, at most STAGING_CAPACITY, or 0 at the end.
 * `runFile` and `runPage` return where the run is; its references are staged. Call `ended` for the parts of it to which
 * access ended, then `nextRun` again, until it returns 0.
 *
 * @param held Whether those pages of the previous run whose access has not ended wait for `released`. If false, the
 * next sweep asks about them again.
 */
export function nextRun(held: bool): u32 {
  if (held) hold();
  while (sweepHead != sweepLeaf) leave();
  let leaf: Leaf;
  let rest: u64;
  while (true) {
    if (sweepLeaf == LAST) return 0;
    leaf = changetype<Leaf>(sweepLeaf);
    rest = leaf.toAsk() >> <u64>sweepBit;
    if (rest) break;
    sweepLeaf = leaf.nextToAsk;
    sweepBit = 0;
    leave();
  }
  let bit = sweepBit + <u32>ctz(rest);
  let count: u32 = 0;
  sweepPage = (leaf.number << 6) + bit;
  while (true) {
    const length = min<u32>(<u32>ctz(~(leaf.toAsk() >> <u64>bit)), STAGING_CAPACITY - count);
    copyGrefs(staged + ((<usize>count) << 2), leaf.gref(bit), length);
    count += length;
    bit += length;
    const next = leaf.nextToAsk;
    sweepLeaf = bit < PAGES ? changetype<usize>(leaf) : next;
    sweepBit = bit & 63;
    // A run continues in the next leaf if that is its neighbour.
    if (bit < PAGES || count == STAGING_CAPACITY || next == LAST) break;
    const neighbour = changetype<Leaf>(next);
    if (neighbour.file != leaf.file || neighbour.number != leaf.number + 1 || !(neighbour.toAsk() & 1)) break;
    leaf = neighbour;
    bit = 0;
  }
  sweepCount = count;
  return count;
}

/** Returns the first leaf of the sweep's run. */
@inline
export function runLeaf(): Leaf {
  return changetype<Leaf>(sweepHead);
}

/** Returns the file of the sweep's run. */
export function runFile(): usize {
  return changetype<usize>(runLeaf().file);
}

/** Returns the first page of the sweep's run. */
export function runPage(): f64 {
  return <f64>(<i64>sweepPage);
}

/** Returns the first leaf of the sweep under way or of the queue, or null. Only the debug build calls it. */
export function firstOf(ofSweep: bool): Leaf | null {
  const first = ofSweep ? sweepHead : firstToAsk;
  return first == LAST ? null : changetype<Leaf>(first);
}

/** Returns the leaf after another one in a queue, or null. Only the debug build calls it. */
export function behind(leaf: Leaf): Leaf | null {
  return leaf.nextToAsk == LAST ? null : changetype<Leaf>(leaf.nextToAsk);
}
