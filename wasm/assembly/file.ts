import { cut } from "./memory";
import { Leaf } from "./leaf";

/**
 * One open file: an index space of pages, and the leaves that hold those in use.
 *
 * ```text
 *  0      8           12         16       20     24       28         32       36
 *  | next | firstLeaf | lastLeaf | latest | live | listed | mappings | closed |
 *  | u64  | Leaf      | Leaf     | Leaf   | u32  | u32    | u32      | u32    |
 * ```
 */
@unmanaged
export class File {
  /** The index that the next page gets. Indices are not used twice, but by an allocation that failed and left nothing. */
  next: u64;
  /** Its leaves, in the order in which they were made: ascending, but for a leaf that came back after a rewind. */
  firstLeaf: Leaf | null;
  lastLeaf: Leaf | null;
  /** The leaf used last, for the next operation is likely to want it too. */
  latest: Leaf | null;
  /** Pages that count toward the limit: reserved, listed, mapped or pending. */
  live: u32;
  /** Pages that can be found. */
  listed: u32;
  /** Mappings, each of one or more pages: while there is one, a closed file lives on. */
  mappings: u32;
  /** 1 after the close. */
  closed: u32;
}

/** Its fields, and up to a multiple of 8. */
const SIZE: usize = (offsetof<File>() + 7) & ~7;

let free: usize = 0;

/** A new file, or null if there is no memory. */
export function createFile(): File | null {
  let block = free;
  if (block) free = load<usize>(block);
  else block = cut(SIZE);
  if (!block) return null;
  memory.fill(block, 0, SIZE);
  return changetype<File>(block);
}

/** Takes a file's record back. */
export function destroyFile(file: File): void {
  const block = changetype<usize>(file);
  store<usize>(block, free);
  free = block;
}
