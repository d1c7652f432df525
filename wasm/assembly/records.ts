/**
 * The records of the books: files and leaves, each in one line of memory. Making and freeing them is left to others.
 */
import { LINE } from "./memory";

/**
 * One open file: an index space of pages, and the leaves of the pages in use.
 *
 * ```text
 *  0      8         16          20         24       28     32     36       40         44       48      52 … 64
 *  | next | settled | firstLeaf | lastLeaf | latest | tail | live | listed | mappings | closed | begun |
 *  | u64  | u64     | Leaf      | Leaf     | Leaf   | Leaf | u32  | u32    | u32      | u32    | u32   |
 * ```
 */
@unmanaged
export class File {
  /** The index of the next page. An index is reused only if its allocation failed and left nothing. */
  next: u64;
  /** The first reserved page that is neither listed nor adopted yet: `next`, unless an allocation is under way. */
  settled: u64;
  /** Its leaves in the order in which they were made: ascending, except for leaves made again after a rewind. */
  firstLeaf: Leaf | null;
  lastLeaf: Leaf | null;
  /** The leaf that was found last, which the next operation is likely to need again; or NO_LEAF. */
  latest: Leaf;
  /** The leaf that got new pages last, with references that are not packed; or NO_LEAF. */
  tail: Leaf;
  /** Pages that count toward the limit: reserved, listed, mapped or pending. */
  live: u32;
  /** Pages that can be found. */
  listed: u32;
  /** Mappings, each of one or more pages. A closed file stays until it has none. */
  mappings: u32;
  /** 1 once the file is closed. */
  closed: u32;
  /** 1 once a page of the allocation under way is listed. */
  begun: u32;
}

/** Pages in a leaf: one for each bit of its masks. */
export const PAGES: u32 = 64;

/**
 * The books of 64 neighbouring pages of one file, from page 64 × `number` on.
 *
 * Bit i of each mask is about page 64 × `number` + i. A page is *live* while its bit is set in `listed`, `mapped` or
 * `pending`. A leaf without a live page is freed, unless the file's next page belongs in it.
 *
 * ```text
 *  0        8        16       24        32       40     44      48       52           56               60          64
 *  | listed | mapped | begins | pending | number | file | grefs | counts | nextInFile | previousInFile | nextToAsk |
 *  | u64    | u64    | u64    | u64     | u64    | File | usize | usize  | Leaf       | Leaf           | usize     |
 *
 *  grefs, of all pages:     | u32 × 64 |                          the reference of page i at i
 *  grefs | 1, packed:       | u64: the pages | u32 × 14 |         their references, in order
 *  counts:                  | u64: again | … 64 | u32 × 64 |      the pages mapped more than once, and how often more
 * ```
 */
@unmanaged
export class Leaf {
  /** Pages that can be found in the file: one use. */
  listed: u64;
  /** Pages that are mapped here at least once: another use. Of pending pages, those that the peer is known to map. */
  mapped: u64;
  /** Pages that are the first of an allocation. */
  begins: u64;
  /** Pages without a use here to which the peer still has access. */
  pending: u64;
  /** Which 64 pages of the file. */
  number: u64;
  file: File;
  /** Where the references are; plus 1 if they are packed. */
  grefs: usize;
  /** Where the counts of mappings beyond the first are; 0 if no page is mapped more than once. */
  counts: usize;
  nextInFile: Leaf | null;
  previousInFile: Leaf | null;
  /** The next leaf in a queue of leaves with pages to ask for, or LAST; 0 if it is in no queue. */
  nextToAsk: usize;

  /** Where the reference of page `bit` is. Those of neighbouring live pages are next to each other. */
  @inline
  gref(bit: u32): usize {
    const grefs = this.grefs;
    if (!(grefs & 1)) return grefs + ((<usize>bit) << 2);
    const before = load<u64>(grefs - 1) & ((<u64>1 << <u64>bit) - 1);
    return grefs + 7 + (<usize>popcnt(before) << 2);
  }

  /** The pages that are mapped more than once. */
  @inline
  again(): u64 {
    return this.counts ? load<u64>(this.counts) : 0;
  }

  /** Where the count of page `bit` is. */
  @inline
  count(bit: u32): usize {
    return this.counts + LINE + ((<usize>bit) << 2);
  }

  /** The pages that are live. */
  @inline
  live(): u64 {
    return this.listed | this.mapped | this.pending;
  }

  /** The pages to ask the backend for: pending ones that the peer is not known to map. */
  @inline
  toAsk(): u64 {
    return this.pending & ~this.mapped;
  }
}
