/** Page numbers. */
import { PAGES } from "./records";

/** The part of the pages from `page` to `end` that is in one leaf: the number of bits from that of `page` on. */
@inline
export function stretch(page: u64, end: u64): u32 {
  return <u32>min<u64>(PAGES - (page & 63), end - page);
}

/** A page's index. Signed, as that is what processors convert. */
@inline
export function index(page: f64): u64 {
  return <u64>(<i64>page);
}
