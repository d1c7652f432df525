/**
 * Allocates memory without a garbage collector. Blocks are cut from the unused end of the linear memory and never
 * returned to the host; each size has a list of freed blocks. Every block is a whole number of cache lines.
 */

/** The size of a cache line in bytes, and of the records of files, leaves and packed references. */
export const LINE: usize = 64;
/** Memory grows by at most this many pages of 64 KiB at a time, unless more is needed. */
const STEP: i32 = 16;

/** The first address after all blocks. */
let end: usize = (__heap_base + (LINE - 1)) & ~(LINE - 1);
let freeLines: usize = 0;

/** Returns how many bytes can still be cut before 32-bit addresses run out. */
export function room(): u64 {
  return 0x1_0000_0000 - <u64>end;
}

/** Cuts a block of `size` bytes, a multiple of LINE. Returns its address, or 0 if out of memory. */
export function cut(size: usize): usize {
  const start = end;
  const wanted = <u64>start + <u64>size;
  const pages = <u64>memory.size();
  // `end` itself must be an address, too.
  if (wanted >= 0x1_0000_0000) return 0;
  if (wanted > pages << 16) {
    const missing = <i32>((wanted - (pages << 16) + 0xffff) >> 16);
    // Growing detaches the view that the host caches, so grow in advance; if that fails, by what is missing.
    const more = min<i32>(<i32>(pages >> 3), STEP);
    if (more <= missing || memory.grow(more) < 0) {
      if (memory.grow(missing) < 0) return 0;
    }
  }
  end = <usize>wanted;
  return start;
}

/** Takes a line of memory, with arbitrary contents. Returns 0 if out of memory. */
export function takeLine(): usize {
  const line = freeLines;
  if (!line) return cut(LINE);
  freeLines = load<usize>(line);
  return line;
}

/** Frees a line of memory. */
export function giveLine(line: usize): void {
  store<usize>(line, freeLines);
  freeLines = line;
}

/** Copies references of one leaf: so few that calling the engine's bulk copy would cost more than it saves. */
@inline
export function copyGrefs(to: usize, from: usize, count: u32): void {
  const bytes = (<usize>count) << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += 4) store<u32>(to + at, load<u32>(from + at));
}
