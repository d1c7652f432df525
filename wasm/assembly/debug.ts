/**
 * The core for tests: it asserts, and checks all books before `open`, `reserve`, `free`, `map`, `unmap` and `close`.
 */
import * as allocation from "./allocation";
import * as core from "./core";
import { fileListed, fileLive } from "./core";
import { findLeaf } from "./leaf";
import { behind, firstOf, pending } from "./pending";
import { File, Leaf } from "./records";
import { leafAt, leafCount, placeCount } from "./table";
import { listed, live, mapped } from "./totals";

export { abandon, adoptAsPending, list, listOne, rewind } from "./allocation";
export {
  ended,
  endedAll,
  fileListed,
  fileLive,
  fileMappings,
  fileNext,
  find,
  forget,
  gref,
  released,
  allocationRun,
} from "./core";
export { nextRun, pending, runFile, runPage, staging, sweep } from "./pending";
export { limit, listed, live, mapped, setLimit } from "./totals";

export function open(): usize {
  verify();
  return core.open();
}

export function reserve(file: File, count: u32): f64 {
  verify();
  return allocation.reserve(file, count);
}

export function free(file: File, page: f64, count: u32): i32 {
  verify();
  return core.free(file, page, count);
}

export function map(file: File, page: f64, count: u32): i32 {
  verify();
  return core.map(file, page, count);
}

export function unmap(file: File, page: f64, count: u32): bool {
  verify();
  return core.unmap(file, page, count);
}

export function close(file: File): void {
  verify();
  core.close(file);
}

/** Aborts unless all books agree. Touches every page; call it only while no page is reserved. */
export function verify(): void {
  let leaves: u32 = 0;
  let listedSum: u32 = 0;
  let mappedSum: u32 = 0;
  let pendingSum: u32 = 0;
  let liveSum: u32 = 0;
  let queued: u32 = 0;
  for (let index: u32 = 0; index < placeCount(); index++) {
    const leaf = leafAt(index);
    if (!leaf) continue;
    leaves++;
    verifyLeaf(leaf);
    listedSum += <u32>popcnt(leaf.listed);
    mappedSum += <u32>popcnt(leaf.mapped & ~leaf.pending);
    pendingSum += <u32>popcnt(leaf.pending);
    liveSum += <u32>popcnt(leaf.live());
    if (leaf.nextToAsk) queued++;
    if (leaf.file.firstLeaf == leaf) verifyFile(leaf);
  }
  assert(leaves == leafCount());
  assert(listedSum == listed());
  assert(mappedSum == mapped());
  assert(pendingSum == pending());
  assert(liveSum == live());
  assert(queued == verifyQueue(true) + verifyQueue(false));
}

function verifyLeaf(leaf: Leaf): void {
  assert(findLeaf(leaf.file, leaf.number) == leaf);
  assert(!(leaf.pending & leaf.listed));
  assert(!(leaf.again() & ~(leaf.mapped & ~leaf.pending)));
  // A leaf with pages to ask about is in a queue.
  assert(!leaf.toAsk() || leaf.nextToAsk);
  assert(!(leaf.begins & ~leaf.live()));
  // A leaf without live pages is kept only for the file's next page, or until the sweep leaves it.
  assert(leaf.live() != 0 || leaf.number == leaf.file.next >> 6 || leaf.nextToAsk);
  if (leaf.grefs & 1) {
    assert(!(leaf.live() & ~load<u64>(leaf.grefs - 1)));
    assert(leaf.file.tail != leaf);
  }
  // No page at or after the file's next index is live.
  const end = leaf.file.next;
  if (leaf.number == end >> 6) assert(!(leaf.live() >> (end & 63)));
  else assert(leaf.number < end >> 6);
  assert((leaf.again() != 0) == (leaf.counts != 0));
  for (let bit: u32 = 0; bit < 64; bit++) {
    if ((leaf.again() >> <u64>bit) & 1) assert(load<u32>(leaf.count(bit)) > 0);
    else if (leaf.counts) assert(load<u32>(leaf.count(bit)) == 0);
  }
}

/** Checks the sums of a file, given its first leaf. */
function verifyFile(first: Leaf): void {
  const file = first.file;
  let listedSum: u32 = 0;
  let liveSum: u32 = 0;
  let anyMapped: bool = false;
  assert(!first.previousInFile);
  for (let leaf: Leaf | null = first; leaf; leaf = leaf.nextInFile) {
    assert(leaf.file == file);
    const next = leaf.nextInFile;
    if (next) assert(next.previousInFile == leaf);
    listedSum += <u32>popcnt(leaf.listed);
    liveSum += <u32>popcnt(leaf.live());
    if (leaf.mapped & ~leaf.pending) anyMapped = true;
  }
  assert(listedSum == fileListed(file));
  assert(liveSum == fileLive(file));
  assert(anyMapped == (file.mappings > 0));
  assert(!file.closed || file.mappings > 0 || !file.listed);
}

/** Checks the links of a queue, and returns its number of leaves. */
function verifyQueue(ofSweep: bool): u32 {
  let count: u32 = 0;
  let leaf = firstOf(ofSweep);
  while (leaf) {
    assert(leaf.nextToAsk != 0);
    count++;
    leaf = behind(leaf);
  }
  return count;
}
