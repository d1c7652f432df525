/**
 * What the bench of the books measures: workloads, at several numbers of live pages.
 *
 * @module
 */
import { pagesText } from "../harness/tables.ts";

/** What is repeated and measured. */
export type Workload =
  /** Allocates pages and frees them: last in, first out. */
  | "lifo"
  /** Frees a random live page, and allocates another one. */
  | "random"
  /** Finds a random live page. */
  | "find"
  /** Allocates 192 pages, frees every third one, then the others. */
  | "punch"
  /** End to end, through the public API: shares pages, maps them, writes to each, unmaps and frees them. */
  | "share"
  /** The same, while a peer maps the pages, reads and writes each, and unmaps them. */
  | "peer";

/** One thing to measure. */
export interface Case {
  readonly workload: Workload;
  /** Pages of one allocation. */
  readonly pages: number;
  /** Pages that are live all the time. */
  readonly live: number;
  /** Pages that are freed, and that a peer still maps. */
  readonly pending: number;
}

/** Pages of one round of `punch`. */
export const PUNCHED = 192;

/** The number of pages that a workload handles each time it is repeated. */
export function pagesPerTime({ workload, pages }: Case): number {
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

/** Whether a workload measures the books alone. The others run end to end. */
export function isOfBooks(workload: Workload): boolean {
  return workload !== "share" && workload !== "peer";
}

/** Whether two cases are the same. */
export function isSame(left: Case, right: Case): boolean {
  return left.workload === right.workload && left.pages === right.pages && left.live === right.live &&
    left.pending === right.pending;
}

/** Cases that are compared with each other. They are measured in the same rounds. */
export interface Group {
  /** What tables and pictures call it. */
  readonly title: string;
  readonly cases: readonly Case[];
}

/**
 * Live pages where the number of pending pages varies. No other group has this number, so each case is measured once.
 */
export const LIVE_BESIDE_PENDING = 2000;

/** All groups, for some numbers of live pages and of pending pages. */
export function groups(lives: readonly number[], pendings: readonly number[]): Group[] {
  const byLive = (title: string, workload: Workload, pages: number): Group => ({
    title,
    cases: lives.map((live) => ({ workload, pages, live, pending: 0 })),
  });
  const byPending = (title: string, workload: Workload): Group => ({
    title,
    cases: pendings.map((pending) => ({ workload, pages: 1, live: LIVE_BESIDE_PENDING, pending })),
  });
  return [
    ...[1, 16, 256].map((pages) => byLive(`allocate and free ${pagesText(pages)}`, "lifo", pages)),
    byLive("replace a random page", "random", 1),
    byLive("find a random page", "find", 1),
    byLive("free every third, then the rest", "punch", PUNCHED),
    byPending("allocate and free 1 page, beside pending pages", "lifo"),
    ...[1, 16, 256].map((pages) => byLive(`end to end, ${pagesText(pages)}`, "share", pages)),
    ...[1, 256].map((pages) => byLive(`end to end with a peer, ${pagesText(pages)}`, "peer", pages)),
    byPending("end to end, 1 page, beside pending pages", "share"),
  ];
}
