/** Says a number of pages. */
export function pagesText(count: number): string {
  return `${count} page${count === 1 ? "" : "s"}`;
}
