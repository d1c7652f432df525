/** The sums over all files, which `allocation.ts` and `core.ts` keep; the limit on them; and what operations answer. */

/** The operation did what it says. */
export const OK: i32 = 0;
/** There would be more pages than the limit allows. */
export const LIMIT_REACHED: i32 = -1;
/** Not all of the pages are listed in the file. */
export const NOT_FOUND: i32 = -2;
/** The host gives no more memory. */
export const NO_MEMORY: i32 = -3;

/** The number of pages that may be live. */
export let limitPages: f64 = 0;
/** Pages that count toward the limit: reserved, listed, mapped or pending. */
export let livePages: u32 = 0;
/** Pages that can be found. */
export let listedPages: u32 = 0;
/** Pages that are mapped. */
export let mappedPages: u32 = 0;

/** The number of pages that may be live, or Infinity. */
export function limit(): f64 {
  return limitPages;
}

/** Sets the limit; pages beyond it stay, and count. */
export function setLimit(pages: f64): void {
  limitPages = pages;
}

/** Pages that count toward the limit. */
export function live(): u32 {
  return livePages;
}

/** Pages that can be found. */
export function listed(): u32 {
  return listedPages;
}

/** Pages that are mapped. */
export function mapped(): u32 {
  return mappedPages;
}
