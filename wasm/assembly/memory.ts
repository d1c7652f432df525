/**
 * Memory without a garbage collector: blocks are cut off the end of the linear memory and never given back to the host;
 * each size keeps a list of its free blocks. All blocks are whole cache lines.
 */

/** Bytes of a cache line, and of the records of files, of leaves and of packed references. */
export const LINE: usize = 64;
/** Memory grows by no more than so many pages of 64 KiB at a time, unless more is needed. */
const STEP: i32 = 16;

/** The first byte that no block holds. */
let end: usize = (__heap_base + (LINE - 1)) & ~(LINE - 1);
let freeLines: usize = 0;

/** Bytes that could still be cut off before 32-bit addresses end. */
export function room(): u64 {
  return 0x1_0000_0000 - <u64>end;
}

/** Cuts a block of `size` bytes, a multiple of a line, off the end; 0 if the host gives no more memory. */
export function cut(size: usize): usize {
  const start = end;
  const wanted = <u64>start + <u64>size;
  const pages = <u64>memory.size();
  // The end itself must be an address, too.
  if (wanted >= 0x1_0000_0000) return 0;
  if (wanted > pages << 16) {
    const missing = <i32>((wanted - (pages << 16) + 0xffff) >> 16);
    // Growing by more keeps the view that the host caches valid for longer; where that is too much, what is needed.
    const more = min<i32>(<i32>(pages >> 3), STEP);
    if (more <= missing || memory.grow(more) < 0) {
      if (memory.grow(missing) < 0) return 0;
    }
  }
  end = <usize>wanted;
  return start;
}

/** A line of memory, with anything in it; 0 if there is none. */
export function takeLine(): usize {
  const line = freeLines;
  if (!line) return cut(LINE);
  freeLines = load<usize>(line);
  return line;
}

/** Takes a line back. */
export function giveLine(line: usize): void {
  store<usize>(line, freeLines);
  freeLines = line;
}

/** Copies references: of one leaf, so few that a call of the host's copying would cost more than it saves. */
@inline
export function copyGrefs(to: usize, from: usize, count: u32): void {
  const bytes = (<usize>count) << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += 4) store<u32>(to + at, load<u32>(from + at));
}
