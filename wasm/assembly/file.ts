import { giveLine, LINE, takeLine } from "./memory";
import { Leaf, NO_LEAF } from "./leaf";

/**
 * One open file: an index space of pages, and the leaves that hold those in use. One line of memory.
 *
 * ```text
 *  0      8         16          20         24       28     32     36       40         44       48      52 … 64
 *  | next | settled | firstLeaf | lastLeaf | latest | tail | live | listed | mappings | closed | begun |
 *  | u64  | u64     | Leaf      | Leaf     | Leaf   | Leaf | u32  | u32    | u32      | u32    | u32   |
 * ```
 */
@unmanaged
export class File {
  /** The index that the next page gets. Indices are not used twice, but by an allocation that failed and left nothing. */
  next: u64;
  /** The first page that is reserved, and neither listed nor adopted yet: `next`, unless an allocation is under way. */
  settled: u64;
  /** Its leaves, in the order in which they were made: ascending, but for a leaf that came back after a rewind. */
  firstLeaf: Leaf | null;
  lastLeaf: Leaf | null;
  /** The leaf that was found last, for the next operation is likely to want it too; or NO_LEAF. */
  latest: Leaf;
  /** The leaf that new pages were put into last, whose references are not packed; or NO_LEAF. */
  tail: Leaf;
  /** Pages that count toward the limit: reserved, listed, mapped or pending. */
  live: u32;
  /** Pages that can be found. */
  listed: u32;
  /** Mappings, each of one or more pages: while there is one, a closed file lives on. */
  mappings: u32;
  /** 1 after the close. */
  closed: u32;
  /** 1 once a page of the allocation under way is listed. */
  begun: u32;
}

/** A new file, or null if there is no memory. */
export function createFile(): File | null {
  const line = takeLine();
  if (!line) return null;
  memory.fill(line, 0, LINE);
  const file = changetype<File>(line);
  file.latest = NO_LEAF;
  file.tail = NO_LEAF;
  return file;
}

/** Takes a file's record back. */
export function destroyFile(file: File): void {
  giveLine(changetype<usize>(file));
}
