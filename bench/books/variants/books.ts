import type { References } from "./references.ts";

/** The books, as every variant implements them: the same as `books.h`. `File` is how a variant names an open file. */
export interface Books<File> {
  /** The grant table. */
  readonly references: References;
  /** Opens a file. Its pages count from 0. */
  open(): File;
  /** Grants the file's next pages, and returns the index of the first. */
  allocate(file: File, count: number): number;
  /** Frees a run of listed pages. Returns false and changes nothing if one is not listed. */
  free(file: File, page: number, count: number): boolean;
  /** Returns whether all pages of a run are listed. */
  find(file: File, page: number, count: number): boolean;
  /** Returns the reference of a listed page. */
  gref(file: File, page: number): number;
}
