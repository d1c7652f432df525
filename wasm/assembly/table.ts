/**
 * A hash table of all leaves by file and number, with open addressing and linear probing, at most half full.
 * An empty place is 0. A removal moves later entries back, so there are no tombstones.
 */
import { cut } from "./memory";
import { File, Leaf } from "./records";

let table: usize = 0;
let capacity: u32 = 0;
let size: u32 = 0;
/** The hash is the upper bits of a product: the product is shifted right by this many bits. */
let shift: u64 = 0;

@inline
function place(index: u32): usize {
  return table + ((<usize>index) << 2);
}

/** Fibonacci hashing: neighbouring numbers of one file, and equal numbers of different files, land far apart. */
@inline
function home(file: usize, number: u64): u32 {
  return <u32>(((number ^ ((<u64>file) << 32)) * 0x9e37_79b9_7f4a_7c15) >> shift);
}

/** Looks a leaf up by file and number. Returns null if there is none. The table must have places. */
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

/** Makes room for one more leaf. Returns false if out of memory. */
export function makeRoom(): bool {
  return (size + 1) * 2 <= capacity || grow();
}

/** Inserts a leaf. There must be room for it. */
export function insert(leaf: Leaf): void {
  put(leaf);
  size++;
}

/** Removes a leaf. */
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
    // An entry may move to the gap only if its probing passes there: if its home is not between the two.
    if (((index - start) & mask) >= ((index - gap) & mask)) {
      store<usize>(place(gap), other);
      gap = index;
    }
  }
  store<usize>(place(gap), 0);
  size--;
}

/**
 * Doubles the number of places; the first table has 64. Old tables are not reused: together they are smaller than the
 * new one. Returns false if out of memory.
 */
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

/** Returns the number of leaves. Only the debug build calls it. */
export function leafCount(): u32 {
  return size;
}

/** Returns the number of places in the table. Only the debug build calls it. */
export function placeCount(): u32 {
  return capacity;
}

/** Returns the leaf in one place of the table, or null. Only the debug build calls it. */
export function leafAt(index: u32): Leaf | null {
  return changetype<Leaf | null>(load<usize>(place(index)));
}
