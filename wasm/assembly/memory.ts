/**
 * Memory without a garbage collector: blocks are cut off the end of the linear memory and never given back to the host;
 * each kind of record keeps a list of its own free blocks.
 */

/** The first byte that no block holds. */
let end: usize = (__heap_base + 7) & ~7;

/** Bytes that could still be cut off before 32-bit addresses end. */
export function room(): u64 {
  return 0x1_0000_0000 - <u64>end;
}

/** Cuts a block of `size` bytes, a multiple of 8, off the end; 0 if the host gives no more memory. */
export function cut(size: usize): usize {
  const start = end;
  const wanted = <u64>start + <u64>size;
  const pages = <u64>memory.size();
  // The end itself must be an address, too.
  if (wanted >= 0x1_0000_0000) return 0;
  if (wanted > pages << 16) {
    const missing = <i32>((wanted - (pages << 16) + 0xffff) >> 16);
    // Growing by an eighth keeps the views that the host caches valid for longer; where that is too much, what is needed.
    const eighth = <i32>(pages >> 3);
    if (eighth <= missing || memory.grow(eighth) < 0) {
      if (memory.grow(missing) < 0) return 0;
    }
  }
  end = <usize>wanted;
  return start;
}
