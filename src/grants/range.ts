import { checkInteger, checkOptions } from "../contract/checks.ts";

/** A range of the pages of an allocation. */
export interface PageRange {
  /** The first page, counted from 0 at the start of the allocation. Default is 0. */
  start?: number | undefined;
  /** The number of pages. Default is all from `start` on. */
  count?: number | undefined;
}

/** Returns a range of `total` pages with its defaults filled in. Throws if it goes beyond them. */
export function checkRange(what: string, range: PageRange, total: number): { start: number; count: number } {
  checkOptions(what, range);
  const { start = 0, count: given } = range;
  checkInteger(what, "`start`", start, 0, total - 1);
  const count = given === undefined ? total - start : given;
  checkInteger(what, "`count`", count, 1, total - start);
  return { start, count };
}
