/**
 * All leaves by file and number: open addressing, linear probing, at most half full.
 * An empty place is 0; a removal moves later entries back, so that there are no tombstones.
 */
import { cut } from "./memory";
import { File, Leaf } from "./records";

let table: usize = 0;
let capacity: u32 = 0;
let size: u32 = 0;
/** The hash is the upper bits of a product: this is how far they are shifted down. */
let shift: u64 = 0;

@inline
function place(index: u32): usize {
  return table + ((<usize>index) << 2);
}

/** Fibonacci hashing: neighbouring numbers of one file, and equal numbers of several, land far apart. */
@inline
function home(file: usize, number: u64): u32 {
  return <u32>(((number ^ ((<u64>file) << 32)) * 0x9e37_79b9_7f4a_7c15) >> shift);
}

/** The leaf of a file that has a number, or null; found in the table, which has places. */
export function look(file: File, number: u64): Leaf | null {
  let index = home(changetype<usize>(file), number);
  while (true) {
    const leaf = changetype<Leaf>(load<usize>(place(index)));
    if (!changetype<usize>(leaf)) return null;
    if (leaf.number == number && leaf.file == file) return leaf;
    index = (index + 1) & (capacity - 1);
  }
}

function put(leaf: Leaf): void {
  let index = home(changetype<usize>(leaf.file), leaf.number);
  while (load<usize>(place(index))) index = (index + 1) & (capacity - 1);
  store<usize>(place(index), changetype<usize>(leaf));
}

/** Makes room for one more leaf: false if there is no memory. */
export function makeRoom(): bool {
  return (size + 1) * 2 <= capacity || grow();
}

/** Puts a leaf in, for which there is room. */
export function insert(leaf: Leaf): void {
  put(leaf);
  size++;
}

/** Takes a leaf out. */
export function remove(leaf: Leaf): void {
  const mask = capacity - 1;
  let gap = home(changetype<usize>(leaf.file), leaf.number);
  while (load<usize>(place(gap)) != changetype<usize>(leaf)) gap = (gap + 1) & mask;
  let index = gap;
  while (true) {
    index = (index + 1) & mask;
    const other = load<usize>(place(index));
    if (!other) break;
    const start = home(changetype<usize>(changetype<Leaf>(other).file), changetype<Leaf>(other).number);
    // It may move back into the gap only if its probing passes there: if its home is not between the two.
    if (((index - start) & mask) >= ((index - gap) & mask)) {
      store<usize>(place(gap), other);
      gap = index;
    }
  }
  store<usize>(place(gap), 0);
  size--;
}

/** Twice the places, or the first 64. The old table is not used again: all of them together are smaller than the new one. */
export function grow(): bool {
  const old = table;
  const places = capacity;
  const wanted: u32 = places ? places << 1 : 64;
  const block = cut((<usize>wanted) << 2);
  if (!block) return false;
  memory.fill(block, 0, (<usize>wanted) << 2);
  table = block;
  capacity = wanted;
  shift = 64 - ctz<u64>(<u64>wanted);
  for (let index: u32 = 0; index < places; index++) {
    const leaf = load<usize>(old + ((<usize>index) << 2));
    if (leaf) put(changetype<Leaf>(leaf));
  }
  return true;
}

/** The number of leaves: for the debug build. */
export function leafCount(): u32 {
  return size;
}

/** The number of places in the table: for the debug build. */
export function placeCount(): u32 {
  return capacity;
}

/** The leaf in one place of the table, or null: for the debug build. */
export function leafAt(index: u32): Leaf | null {
  return changetype<Leaf | null>(load<usize>(place(index)));
}
