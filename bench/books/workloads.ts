/**
 * The workloads of the books alone: the same as in `variants/program.c`.
 *
 * @module
 */
import type { Work } from "../harness/clock.ts";
import { type Case, PUNCHED } from "./cases.ts";
import type { Books } from "./variants/books.ts";
import { Random } from "./variants/random.ts";

/** Random replacements for each live page before `random` is measured. After them the books are scattered. */
const REPLACEMENTS = 2;

/** Replaces random pages of a file. At first the pages are the `live` ones from `first` on. */
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
 * Prepares a case: books with live and pending pages.
 *
 * @param settles Whether to replace random pages before measuring, until the books are scattered.
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
      throw new Error(`Cannot measure ${workload} on the books alone: it runs end to end`);
  }
}
