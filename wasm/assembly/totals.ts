/** The sums over all files, kept by `allocation.ts` and `core.ts`; the limit on live pages; the operations' results. */

/** The operation succeeded. */
export const OK: i32 = 0;
/** The pages would exceed the limit. */
export const LIMIT_REACHED: i32 = -1;
/** Not all of the pages are listed in the file. */
export const NOT_FOUND: i32 = -2;
/** There is no memory for the books. */
export const NO_MEMORY: i32 = -3;

/** The number of pages that may be live, or Infinity. */
export let limitPages: f64 = 0;
/** The number of pages that count toward the limit: reserved, listed, mapped or pending. */
export let livePages: u32 = 0;
/** The number of listed pages, which `find` finds. */
export let listedPages: u32 = 0;
/** The number of mapped pages. */
export let mappedPages: u32 = 0;

/** Returns the number of pages that may be live, or Infinity. */
export function limit(): f64 {
  return limitPages;
}

/** Sets the limit. Pages beyond it stay, and count. */
export function setLimit(pages: f64): void {
  limitPages = pages;
}

/** Returns the number of pages that count toward the limit. */
export function live(): u32 {
  return livePages;
}

/** Returns the number of listed pages. */
export function listed(): u32 {
  return listedPages;
}

/** Returns the number of mapped pages. */
export function mapped(): u32 {
  return mappedPages;
}
