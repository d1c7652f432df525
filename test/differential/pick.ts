/**
 * Picks what a random step is about: a file, pages, a byte. Prefers those to which something has happened already.
 *
 * @module
 */
import { PAGE_SIZE } from "../../src/contract/backend.ts";
import type { File, Forecast, Mapping, Page } from "./forecast.ts";
import type { Random } from "../support/random.ts";

/** What choices are made from. */
export interface Choice {
  readonly random: Random;
  readonly forecast: Forecast;
  /** The number of what the step makes. */
  readonly fresh: number;
  /** Whether allocations have few pages, so that more happens to each page. */
  readonly small: boolean;
}

/** Few bytes, so that the same byte is often written, read and cleared. */
const BYTES = [0, 1, 7, 2048, PAGE_SIZE - 1];
/** Counts that must be refused before anything is calculated with them. */
const HUGE = [65_536, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

export function openFiles({ forecast }: Choice): File[] {
  return [...forecast.files.values()].filter((file) => file.open);
}

/** An open file: most often one with pages. */
export function openFile(choice: Choice): File | undefined {
  const files = openFiles(choice);
  const used = files.filter(({ pages }) => pages.some((page) => page.listed));
  return anyOf(choice, used.length > 0 && choice.random.chance(90) ? used : files);
}

export function anyOf<T>({ random }: Choice, list: Iterable<T>): T | undefined {
  const all = [...list];
  return all.length === 0 ? undefined : random.pick(all);
}

/** A run of pages: most often inside an allocation or across some, else with something wrong. */
export function run(choice: Choice, file: File): { page: number; pages: number } {
  const { random } = choice;
  const next = file.pages.length;
  /** From a page on, as far as all are listed like it, or are not. */
  const from = (page: Page | undefined, most: number) => {
    const start = page?.index ?? next;
    const border = file.pages.findIndex(({ index, listed }) => index > start && listed !== page?.listed);
    const length = (border < 0 ? next : border) - start;
    return { page: start, pages: random.between(1, Math.max(1, Math.min(most, length))) };
  };
  const listed = pageLike(
    choice,
    file.pages.filter((page) => page.listed),
    ({ peers, notified }) => peers > 0 || notified,
  );
  const kind = random.weighted({ part: 34, whole: 16, across: 26, freed: 8, behind: 7, far: 3, none: 3, huge: 3 });
  switch (kind) {
    case "part":
      return from(listed, 4);
    case "whole": {
      const pages = listed?.allocation.pages;
      return pages ? { page: pages[0]!.index, pages: pages.length } : from(undefined, 1);
    }
    case "across":
      return from(listed, next);
    case "freed":
      return from(anyOf(choice, file.pages.filter((page) => !page.listed)), 4);
    case "behind":
      return { page: Math.max(0, next - random.between(0, 3)), pages: random.between(1, 8) };
    case "far":
      return { page: random.pick([next, next + 64, 2 ** 20, 2 ** 40]), pages: random.between(1, 64) };
    case "none":
      return { page: listed?.index ?? 0, pages: 0 };
    case "huge":
      return { page: listed?.index ?? 0, pages: random.pick(HUGE) };
  }
}

/** A byte of a page to write to, or to be cleared: most often the same one for both. */
export function byteOf({ random }: Choice, page: Page | undefined): number {
  if (page?.byte !== undefined && random.chance(70)) return page.byte;
  return random.chance(80) ? random.pick(BYTES) : random.between(0, PAGE_SIZE - 1);
}

/** One of some pages: most often one of those that a condition holds for. */
export function pageLike<P extends Page>(
  choice: Choice,
  pages: readonly P[],
  condition: (page: P) => unknown,
): P | undefined {
  const preferred = choice.random.chance(60) ? anyOf(choice, pages.filter(condition)) : undefined;
  return preferred ?? anyOf(choice, pages);
}

/** Whether a page was released, and had an unmap notify: the peer may see what came of it. */
function hadNotify(page: Page): boolean {
  return page.notified && page.released !== undefined;
}

/** A mapping to read, and a page that is counted from 0 in it. */
export function placeToRead(choice: Choice, mappings: Iterable<Mapping>): { number: number; page: number } | undefined {
  const all = [...mappings];
  const last = choice.random.chance(60) ? anyOf(choice, all.filter(({ pages }) => pages.some(hadNotify))) : undefined;
  const mapping = last ?? anyOf(choice, all);
  if (!mapping) return undefined;
  const { number, pages } = mapping;
  return { number, page: pages.indexOf(pageLike(choice, pages, last ? hadNotify : ({ byte }) => byte !== undefined)!) };
}

/** A mapping to write to, and where in it. */
export function placeToWrite(
  choice: Choice,
  mappings: Iterable<Mapping>,
): { number: number; offset: number } | undefined {
  const mapping = anyOf(choice, [...mappings].filter(({ writable }) => writable));
  if (!mapping) return undefined;
  const { number, pages } = mapping;
  const page = pageLike(choice, pages, ({ byte }) => byte !== undefined)!;
  return { number, offset: pages.indexOf(page) * PAGE_SIZE + byteOf(choice, page) };
}

/** The page of an unmap notify: most often one on which the peer will see it, or that has one. */
export function pageToNotify(choice: Choice, file: File): number {
  const pages = file.pages.filter((page) => page.listed && (page.peers > 0 || page.notified));
  const page = choice.random.chance(70)
    ? pageLike(choice, pages, ({ peers, notified }) => peers > 0 && notified)
    : undefined;
  return page?.index ?? run(choice, file).page;
}
