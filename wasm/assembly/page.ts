/** Arithmetic on the indices of pages. */
import { PAGES } from "./records";

/** Returns how many of the pages from `page` up to `end`, which is excluded, are in the leaf of `page`. */
@inline
export function stretch(page: u64, end: u64): u32 {
  return <u32>min<u64>(PAGES - (page & 63), end - page);
}

/** Converts a page's index to an integer. Goes through i64 because processors convert to signed integers. */
@inline
export function index(page: f64): u64 {
  return <u64>(<i64>page);
}
