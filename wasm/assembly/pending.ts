/**
 * Pages without a use, to which the peer's access has not ended: the queue of leaves with pages that the backend is to be
 * asked for, and the sweep over them. Pages that the peer is known to map are in no queue, and cost nothing.
 */
import { bits, tidy } from "./leaf";
import { copyGrefs } from "./memory";
import { Leaf, PAGES } from "./records";

/** References that pass between the host and the core at a time. */
export const STAGING_CAPACITY: u32 = 4096;
const staged: usize = memory.data(16384, 8);

/** Where references pass. */
export function staging(): usize {
  return staged;
}

let pendingPages: u32 = 0;

/** What the last leaf of a queue has in place of a next one. */
const LAST: usize = 1;
/** The leaves with pages to ask for, oldest first. */
let firstToAsk: usize = LAST;
let lastToAsk: usize = LAST;

/** The leaves of the sweep under way that it has not left: from the one in which its run begins. */
let sweepHead: usize = LAST;
/** Where the sweep goes on behind its run: a leaf, and a bit at or before its next page to ask for. */
let sweepLeaf: usize = LAST;
let sweepBit: u32 = 0;
/** The run that the sweep has come to. */
export let sweepPage: u64 = 0;
export let sweepCount: u32 = 0;

/** Pages without a use, to which the peer's access has not ended. */
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

/** Makes pages of a leaf pending; none of them was, or is mapped. */
export function addPending(leaf: Leaf, mask: u64): void {
  if (!mask) return;
  assert(!(leaf.pending & mask) && !(leaf.mapped & mask));
  leaf.pending |= mask;
  pendingPages += <u32>popcnt(mask);
  enqueue(leaf);
}

/** Makes pages of a leaf that were to be asked for no longer pending. */
@inline
export function removePending(leaf: Leaf, mask: u64, count: u32): void {
  assert((leaf.toAsk() & mask) == mask);
  leaf.pending &= ~mask;
  pendingPages -= count;
}

/** The peer has let go of a pending page of a leaf: it is to be asked for again. Whether the peer was known to map it. */
export function release(leaf: Leaf, mask: u64): bool {
  if (!(leaf.pending & leaf.mapped & mask)) return false;
  leaf.mapped &= ~mask;
  enqueue(leaf);
  return true;
}

/** Whether there is nothing to ask for, and no sweep under way. */
@inline
export function nothingToAsk(): bool {
  return firstToAsk == LAST && sweepHead == LAST;
}

/** Makes pages of one leaf pending, and a sweep with them as its only run; there was nothing to ask for. */
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

/** Begins a sweep over all pages to ask for, oldest leaf first, with its first run: the same as `nextRun`. */
export function sweep(): u32 {
  // A sweep that was not gone through is begun again.
  while (sweepHead != LAST) leave();
  sweepHead = firstToAsk;
  sweepLeaf = firstToAsk;
  sweepBit = 0;
  firstToAsk = LAST;
  return nextRun(false);
}

/** Leaves the first leaf of the sweep, which goes into the queue again if there is something left to ask for. */
function leave(): void {
  const leaf = changetype<Leaf>(sweepHead);
  sweepHead = leaf.nextToAsk;
  leaf.nextToAsk = 0;
  if (leaf.toAsk()) enqueue(leaf);
  else tidy(leaf);
}

/** The pages of the sweep's run that are still pending are mapped by the peer: they wait until it lets go. */
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
 * The sweep's next run of pages, as many as STAGING_CAPACITY: their number, or 0 at the end of the sweep. `runFile` and `runPage`
 * say where it is, its references are staged. `ended` may follow for parts of it; then `nextRun` again, until the end.
 *
 * @param held Whether those of the run before that have not ended wait until `released`; otherwise the next sweep asks again.
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
    // A run goes on in the next leaf if that is its neighbour.
    if (bit < PAGES || count == STAGING_CAPACITY || next == LAST) break;
    const neighbour = changetype<Leaf>(next);
    if (neighbour.file != leaf.file || neighbour.number != leaf.number + 1 || !(neighbour.toAsk() & 1)) break;
    leaf = neighbour;
    bit = 0;
  }
  sweepCount = count;
  return count;
}

/** The first leaf of the sweep's run. */
@inline
export function runLeaf(): Leaf {
  return changetype<Leaf>(sweepHead);
}

/** The file of the sweep's run. */
export function runFile(): usize {
  return changetype<usize>(runLeaf().file);
}

/** The first page of the sweep's run. */
export function runPage(): f64 {
  return <f64>(<i64>sweepPage);
}

/** The first leaf of the queue, or of the sweep under way; or null: for the debug build. */
export function firstOf(ofSweep: bool): Leaf | null {
  const first = ofSweep ? sweepHead : firstToAsk;
  return first == LAST ? null : changetype<Leaf>(first);
}

/** The leaf behind another one in a queue, or null: for the debug build. */
export function behind(leaf: Leaf): Leaf | null {
  return leaf.nextToAsk == LAST ? null : changetype<Leaf>(leaf.nextToAsk);
}
