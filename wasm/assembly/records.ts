/**
 * The layouts of the records of files and leaves, one line of memory each. `file.ts` and `leaf.ts` make and free them.
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
  /** The index of the next page. An index is reused only if its allocation failed and left no page behind. */
  next: u64;
  /** The first reserved page that is neither listed nor adopted yet; `next` unless an allocation is under way. */
  settled: u64;
  /** The file's leaves in order of creation: ascending, except for leaves created again after a rewind. */
  firstLeaf: Leaf | null;
  lastLeaf: Leaf | null;
  /** The leaf found last, which the next operation is likely to need again; or NO_LEAF. */
  latest: Leaf;
  /** The leaf that got new pages last, whose references are not packed; or NO_LEAF. */
  tail: Leaf;
  /** The number of pages that count toward the limit: reserved, listed, mapped or pending. */
  live: u32;
  /** The number of listed pages, which `find` finds. */
  listed: u32;
  /** The number of mappings, each of one or more pages. A closed file stays until it has none. */
  mappings: u32;
  /** 1 once the file is closed. */
  closed: u32;
  /** 1 once the allocation under way has a listed page. */
  begun: u32;
}

/** The number of pages in a leaf: one for each bit of its masks. */
export const PAGES: u32 = 64;

/**
 * The books of 64 consecutive pages of one file, from page 64 × `number` on.
 *
 * Bit i of each mask describes page 64 × `number` + i. A page is *live* while its bit is set in `listed`, `mapped` or
 * `pending`. A leaf without live pages is freed, unless the file's next page belongs in it.
 *
 * ```text
 *  0        8        16       24        32       40     44      48       52           56               60          64
 *  | listed | mapped | begins | pending | number | file | grefs | counts | nextInFile | previousInFile | nextToAsk |
 *  | u64    | u64    | u64    | u64     | u64    | File | usize | usize  | Leaf       | Leaf           | usize     |
 *
 *  grefs, not packed:       | u32 × 64 |                          the reference of page i at index i
 *  grefs | 1, packed:       | u64: the pages | u32 × 14 |         their references, in order
 *  counts:                  | u64: again | … 64 | u32 × 64 |      pages mapped more than once, and their extra mappings
 * ```
 */
@unmanaged
export class Leaf {
  /** Listed pages, which `find` finds: one use. */
  listed: u64;
  /** Pages that are mapped here at least once: another use. Of pending pages: those the peer is known to map. */
  mapped: u64;
  /** Pages that are the first of their allocation. */
  begins: u64;
  /** Pages that are unused here, but to which the peer still has access. */
  pending: u64;
  /** Which 64 pages of the file the leaf describes. */
  number: u64;
  file: File;
  /** The address of the references, plus 1 if they are packed. */
  grefs: usize;
  /** The address of the counts of mappings beyond the first; 0 if no page is mapped more than once. */
  counts: usize;
  nextInFile: Leaf | null;
  previousInFile: Leaf | null;
  /** The next leaf in a queue of leaves with pages to ask about; LAST at the end of the queue, 0 outside of one. */
  nextToAsk: usize;

  /** Returns the address of page `bit`'s reference. The references of neighbouring live pages are adjacent. */
  @inline
  gref(bit: u32): usize {
    const grefs = this.grefs;
    if (!(grefs & 1)) return grefs + ((<usize>bit) << 2);
    const before = load<u64>(grefs - 1) & ((<u64>1 << <u64>bit) - 1);
    return grefs + 7 + (<usize>popcnt(before) << 2);
  }

  /** Returns the pages that are mapped more than once. */
  @inline
  again(): u64 {
    return this.counts ? load<u64>(this.counts) : 0;
  }

  /** Returns the address of page `bit`'s count. */
  @inline
  count(bit: u32): usize {
    return this.counts + LINE + ((<usize>bit) << 2);
  }

  /** Returns the live pages. */
  @inline
  live(): u64 {
    return this.listed | this.mapped | this.pending;
  }

  /** Returns the pages to ask about: pending ones that the peer is not known to map. */
  @inline
  toAsk(): u64 {
    return this.pending & ~this.mapped;
  }
}
