/** Words for messages. */

/** A number of pages. */
export function pages(count: number): string {
  return count === 1 ? "1 page" : `${count} pages`;
}

/** A run of pages. */
export function pagesFrom(page: number, count: number): string {
  return count === 1 ? `page ${page}` : `${pages(count)} from page ${page} on`;
}
