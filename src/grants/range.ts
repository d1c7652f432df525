import { checkInteger, checkOptions } from "../contract/checks.ts";

/** A part of some pages. */
export interface PageRange {
  /** The first page, counted from 0 at the beginning of the whole. Default is 0. */
  start?: number;
  /** The number of pages. Default is all from `start` on. */
  count?: number;
}

/** Throws unless a range is inside a whole of `total` pages; gives it with its defaults filled in. */
export function checkRange(what: string, range: PageRange, total: number): Required<PageRange> {
  checkOptions(what, range);
  const { start = 0, count: given } = range;
  checkInteger(what, "`start`", start, 0, total - 1);
  const count = given === undefined ? total - start : given;
  checkInteger(what, "`count`", count, 1, total - start);
  return { start, count };
}
