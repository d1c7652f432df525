/**
 * The workloads of the books alone: the same as in `baseline/program.c`.
 *
 * @module
 */
import type { Books } from "./baseline/books.ts";
import { Random } from "./baseline/random.ts";
import { type Case, PUNCHED } from "./cases.ts";
import type { Work } from "./clock.ts";

/** Random replacements for each live page before `random` is measured: by then the books are scattered. */
const REPLACEMENTS = 2;

/** Replaces random ones of some pages of a file, the first of which are those from `first` on. */
export function replacer<File>(books: Books<File>, file: File, first: number, live: number): Work {
  const random = new Random(12345);
  const slots = Float64Array.from({ length: live }, (_, index) => first + index);
  return (times) => {
    for (let time = 0; time < times; time++) {
      const slot = random.below(live);
      books.free(file, slots[slot]!, 1);
      slots[slot] = books.allocate(file, 1);
    }
  };
}

/**
 * Prepares a case: books with the pages that are live and pending.
 *
 * @param settles Whether random replacement is gone through beforehand, until the books are scattered.
 */
export function prepareBooks<File>(
  books: Books<File>,
  { workload, pages, live, pending }: Case,
  settles: boolean,
): Work {
  const file = books.open();
  const { references } = books;
  if (pending > 0) {
    const page = books.allocate(file, pending);
    for (let index = 0; index < pending; index++) references.hold(references.fresh - pending + index);
    books.free(file, page, pending);
  }
  const first = books.allocate(file, live);
  switch (workload) {
    case "lifo":
      return (times) => {
        for (let time = 0; time < times; time++) books.free(file, books.allocate(file, pages), pages);
      };
    case "random": {
      const replace = replacer(books, file, first, live);
      if (settles) replace(live * REPLACEMENTS);
      return replace;
    }
    case "find": {
      const random = new Random(12345);
      return (times) => {
        for (let time = 0; time < times; time++) {
          if (!books.find(file, first + random.below(live), 1)) throw new Error("Cannot find a live page");
        }
      };
    }
    case "punch":
      return (times) => {
        for (let time = 0; time < times; time++) {
          const page = books.allocate(file, PUNCHED);
          for (let hole = page; hole < page + PUNCHED; hole += 3) books.free(file, hole, 1);
          for (let rest = page + 1; rest < page + PUNCHED; rest += 3) books.free(file, rest, 2);
        }
      };
    default:
      throw new Error(`Cannot measure ${workload} as it is not of the books alone`);
  }
}
