/**
 * Pages without a use, to which the peer's access has not ended: the list of their leaves, and the sweep over them.
 */
import { Leaf, PAGES } from "./leaf";

/** References that pass between the host and the core at a time. */
export const STAGED: u32 = 4096;
const staged: usize = memory.data(16384, 8);

/** Where references pass. */
export function staging(): usize {
  return staged;
}

let pendingPages: u32 = 0;

/** The leaves that have pending pages, oldest first. */
let firstPending: Leaf | null = null;
let lastPending: Leaf | null = null;

/** Where the sweep goes on: a leaf, and a bit at or before its next pending page. */
let sweepLeaf: Leaf | null = null;
let sweepBit: u32 = 0;
/** The run that the sweep has come to. */
export let sweepFile: usize = 0;
export let sweepPage: u64 = 0;

/** Pages without a use, to which the peer's access has not ended. */
export function pending(): u32 {
  return pendingPages;
}

/** Makes pages of a leaf pending; none of them was. */
export function addPending(leaf: Leaf, mask: u64): void {
  if (!mask) return;
  if (!leaf.pending) {
    leaf.previousPending = lastPending;
    leaf.nextPending = null;
    const last = lastPending;
    if (last) last.nextPending = leaf;
    else firstPending = leaf;
    lastPending = leaf;
  }
  leaf.pending |= mask;
  pendingPages += <u32>popcnt(mask);
}

/** Makes pending pages of a leaf no longer so. */
export function removePending(leaf: Leaf, mask: u64): void {
  assert((leaf.pending & mask) == mask);
  leaf.pending &= ~mask;
  pendingPages -= <u32>popcnt(mask);
  if (leaf.pending) return;
  const next = leaf.nextPending;
  const previous = leaf.previousPending;
  if (next) next.previousPending = previous;
  else lastPending = previous;
  if (previous) previous.nextPending = next;
  else firstPending = next;
}

/** Begins a sweep over all pending pages, oldest leaf first. */
export function startSweep(): void {
  sweepLeaf = firstPending;
  sweepBit = 0;
}

/**
 * The next run of pending pages, as many as STAGED: their number, or 0 at the end of the sweep. `runFile` and `runPage`
 * say where it is, its references are staged. `ended` may follow for parts of it; the others stay pending.
 */
export function nextRun(): u32 {
  const start = sweepLeaf;
  if (!start) return 0;
  let leaf = start;
  let bit = sweepBit + <u32>ctz(leaf.pending >> <u64>sweepBit);
  let count: u32 = 0;
  sweepFile = changetype<usize>(leaf.file);
  sweepPage = (leaf.number << 6) + bit;
  while (true) {
    const length = min<u32>(<u32>ctz(~(leaf.pending >> <u64>bit)), STAGED - count);
    memory.copy(staged + ((<usize>count) << 2), leaf.gref(bit), (<usize>length) << 2);
    count += length;
    bit += length;
    // The place to go on is worked out now: `ended` may take this leaf away.
    if (bit < PAGES && leaf.pending >> <u64>bit) {
      sweepLeaf = leaf;
      sweepBit = bit;
      return count;
    }
    const next = leaf.nextPending;
    sweepLeaf = next;
    sweepBit = 0;
    // A run goes on in the next leaf if that is its neighbour.
    if (bit < PAGES || count == STAGED || !next) return count;
    if (next.file != leaf.file || next.number != leaf.number + 1 || !(next.pending & 1)) return count;
    leaf = next;
    bit = 0;
  }
}

/** The file of the sweep's run. */
export function runFile(): usize {
  return sweepFile;
}

/** The first page of the sweep's run. */
export function runPage(): f64 {
  return <f64>sweepPage;
}

/** The leaf with the oldest pending pages: for the debug build. */
export function oldestPending(): Leaf | null {
  return firstPending;
}
