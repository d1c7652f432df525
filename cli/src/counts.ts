/** Says a number of pages. */
export function pagesText(count: number): string {
  return countText(count, "page");
}

/** Says a number of bytes. */
export function bytesText(count: number): string {
  return countText(count, "byte");
}

function countText(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
