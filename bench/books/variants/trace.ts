/**
 * A long trace of calls, made from a seed, and a digest of all answers: the same as `trace.h`.
 *
 * @module
 */
import type { Books } from "./books.ts";
import { Random } from "./random.ts";

/** The number of runs to keep at most. With so many, a step that would allocate frees instead. */
const MOST_RUNS = 2000;
const MOST_HELD = 500;
/** Pages of a run that is longer than the staging area, and how many at its end go into the digest. */
const LONG_RUN = 5000;
const LOOKED_AT = 1000;

/**
 * Works on two files. In the first, runs of 1 to 300 pages are allocated, freed in part, and looked up. In the
 * second, single pages are allocated, held by the peer or not, freed, and unmapped by the peer. An allocation follows
 * each unmap, so that no answer depends on the order in which a sweep handles several pages. In the end, the
 * references of a long run are reused.
 *
 * @returns The digest of all answers, including page indices and references (FNV-1a, 32 bits at a time).
 */
export function traceDigest<File>(books: Books<File>, seed: number, steps: number): string {
  const random = new Random(seed);
  const runs: { page: number; count: number }[] = [];
  const singles: { page: number; gref: number; held: boolean }[] = [];
  const held: number[] = [];
  const many = books.open();
  const one = books.open();
  let next = 0;
  let digest = 2166136261;

  const fold = (answer: number | boolean) => {
    digest = Math.imul(digest ^ Number(answer), 16777619);
  };
  const foldPages = (file: File, page: number, count: number) => {
    fold(page);
    for (let index = 0; index < count; index++) fold(books.gref(file, page + index));
  };
  /** Removes an element, and puts the last one in its place. */
  const take = <Element>(list: Element[], index: number): Element => {
    const element = list[index]!;
    const last = list.pop()!;
    if (index < list.length) list[index] = last;
    return element;
  };

  for (let step = 0; step < steps; step++) {
    let kind = random.below(16);
    if (kind < 5 && runs.length === MOST_RUNS) kind = 5;
    if (kind < 5) {
      const count = random.below(8) > 0 ? 1 + random.below(4) : 1 + random.below(300);
      const page = books.allocate(many, count);
      foldPages(many, page, count);
      next = page + count;
      runs.push({ page, count });
    } else if (kind < 10) {
      if (runs.length === 0) continue;
      const index = random.below(runs.length);
      const { page, count } = runs[index]!;
      const start = random.below(count);
      const length = 1 + random.below(count - start);
      fold(books.free(many, page + start, length));
      take(runs, index);
      if (start > 0) runs.push({ page, count: start });
      if (start + length < count && runs.length < MOST_RUNS) {
        runs.push({ page: page + start + length, count: count - start - length });
      }
    } else if (kind === 10) {
      const page = random.below(next + 4);
      fold(books.find(many, page, 1 + random.below(80)));
    } else if (kind === 11) {
      fold(books.free(many, next, 1 + random.below(3)));
    } else if (kind < 14) {
      if (singles.length === MOST_HELD) continue;
      const page = books.allocate(one, 1);
      const gref = books.gref(one, page);
      fold(page);
      fold(gref);
      const isHeld = (random.next() & 1) === 1;
      if (isHeld) books.references.hold(gref);
      singles.push({ page, gref, held: isHeld });
    } else if (kind === 14) {
      if (singles.length === 0 || held.length === MOST_HELD) continue;
      const single = take(singles, random.below(singles.length));
      fold(books.free(one, single.page, 1));
      fold(books.find(one, single.page, 1));
      if (single.held) held.push(single.gref);
    } else {
      if (held.length === 0) continue;
      books.references.release(take(held, random.below(held.length)));
      const page = books.allocate(one, 1);
      foldPages(one, page, 1);
      fold(books.free(one, page, 1));
    }
  }
  const long = books.allocate(many, LONG_RUN);
  fold(books.free(many, long, LONG_RUN));
  const again = books.allocate(many, LONG_RUN);
  foldPages(many, again + LONG_RUN - LOOKED_AT, LOOKED_AT);
  return (digest >>> 0).toString(16).padStart(8, "0");
}
