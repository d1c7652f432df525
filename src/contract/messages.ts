/** Wording that several error messages share. */

/** A text as a sentence: with a full stop, unless it ends with one. */
export function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

/** A number of pages: "1 page", "3 pages". */
export function pages(count: number): string {
  return count === 1 ? "1 page" : `${count} pages`;
}

/** A run of pages, by index: "page 4", "3 pages from page 4". */
export function pagesFrom(page: number, count: number): string {
  return count === 1 ? `page ${page}` : `${pages(count)} from page ${page}`;
}
