import { checkInteger } from "../contract/checks.ts";
import { checkPlainObject, readOptions } from "../contract/options.ts";

/** A range of the pages of an allocation. */
export interface PageRange {
  /** The first page, counted from 0 at the start of the allocation. Default is 0. */
  start?: number | undefined;
  /** The number of pages. Default is all from `start` on. */
  count?: number | undefined;
}

/** Reads a range of `total` pages and fills in its defaults. Throws if it goes beyond them. */
export function readRange(what: string, range: PageRange, total: number): { start: number; count: number } {
  checkPlainObject(what, range, "the options");
  return checkRange(what, readOptions(what, range, ["start", "count"]), total);
}

/** Fills in the defaults of a range of `total` pages. Throws if it goes beyond them. */
export function checkRange(what: string, range: PageRange, total: number): { start: number; count: number } {
  const { start = 0, count: given } = range;
  checkInteger(what, "`start`", start, 0, total - 1);
  const count = given === undefined ? total - start : given;
  checkInteger(what, "`count`", count, 1, total - start);
  return { start, count };
}
