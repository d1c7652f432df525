import type { References } from "./references.ts";

/** What every variant of the books can do: the same as `books.h`. `File` is how a variant names an open file. */
export interface Books<File> {
  /** The grant table. */
  readonly references: References;
  /** Opens a file, whose pages count from 0. */
  open(): File;
  /** Grants the file's next pages: the index of the first. */
  allocate(file: File, count: number): number;
  /** Lets go of a run of listed pages: false if not all of them are, and nothing is changed. */
  free(file: File, page: number, count: number): boolean;
  /** Whether all of a run of pages are listed. */
  find(file: File, page: number, count: number): boolean;
  /** The reference of a listed page. */
  gref(file: File, page: number): number;
}
