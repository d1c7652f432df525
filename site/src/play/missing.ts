/**
 * Says that a part of the page could not be loaded.
 *
 * @param works What the reader can still do.
 */
export function missing(part: string, works: string): string {
  return `Cannot load ${part}: the network is away, or something blocks it. ${works} Load the page again once it can ` +
    "be reached.";
}
