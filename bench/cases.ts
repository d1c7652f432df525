/**
 * What is measured: each workload at several numbers of live pages, by several sides.
 *
 * @module
 */

/** What is done over and over. */
export type Workload =
  /** Allocates pages and frees them. */
  | "lifo"
  /** Frees a random live page, and allocates another one. */
  | "random"
  /** Looks for a random live page. */
  | "find"
  /** Allocates 192 pages, frees one in three, then the others. */
  | "punch"
  /** The whole way through the public API: shares pages, maps them, writes to each, unmaps and frees them. */
  | "share"
  /** The same, while a peer maps the pages, reads them, writes to them, and unmaps them. */
  | "peer";

/** One thing to measure. */
export interface Case {
  readonly workload: Workload;
  /** Pages of one allocation. */
  readonly pages: number;
  /** Pages that are there all the time. */
  readonly live: number;
  /** Pages that were freed, and that a peer holds. */
  readonly pending: number;
}

/** Pages of one round of `punch`. */
export const PUNCHED = 192;

/** Pages that one time of a workload is for. */
export function pagesOfOne({ workload, pages }: Case): number {
  switch (workload) {
    case "punch":
      return PUNCHED;
    case "random":
    case "find":
      return 1;
    default:
      return pages;
  }
}

/** Whether a workload is of the books alone, or takes the whole way. */
export function isOfBooks(workload: Workload): boolean {
  return workload !== "share" && workload !== "peer";
}

/** The cases that are compared with each other, which are measured in the same rounds. */
export interface Group {
  /** What tables and pictures call it. */
  readonly title: string;
  readonly cases: readonly Case[];
}

/** Live pages where pending ones are varied: a number that no other group has, so that each case is measured once. */
export const LIVE_BESIDE_PENDING = 2000;

/** All groups, for some numbers of live pages. */
export function groups(lives: readonly number[], pendings: readonly number[]): Group[] {
  const against = (title: string, workload: Workload, pages: number): Group => ({
    title,
    cases: lives.map((live) => ({ workload, pages, live, pending: 0 })),
  });
  const withPending = (title: string, workload: Workload): Group => ({
    title,
    cases: pendings.map((pending) => ({ workload, pages: 1, live: LIVE_BESIDE_PENDING, pending })),
  });
  return [
    against("allocate and free, 1 page", "lifo", 1),
    against("allocate and free, 16 pages", "lifo", 16),
    against("allocate and free, 256 pages", "lifo", 256),
    against("replace a random page", "random", 1),
    against("find a random page", "find", 1),
    against("punch holes, one page in three", "punch", PUNCHED),
    withPending("allocate and free, with pending pages", "lifo"),
    against("whole way, 1 page", "share", 1),
    against("whole way, 16 pages", "share", 16),
    against("whole way, 256 pages", "share", 256),
    against("whole way with a peer, 1 page", "peer", 1),
    against("whole way with a peer, 256 pages", "peer", 256),
    withPending("whole way, with pending pages", "share"),
  ];
}
