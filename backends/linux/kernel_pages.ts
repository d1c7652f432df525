/**
 * Which page of the kernel's a page of ours is.
 *
 * Both count the pages of a file from 0, and agree until the kernel has counted pages that were not granted in the end: its
 * index is not moved back when the grant table is full, ours is. From there on its number is larger by a constant. So the books
 * are a list
 * of the pages where that difference changes:
 *
 * ```text
 * ours     0 1 2 3 | 4 5 6 7      4 pages were granted, 2 refused half-way, and 4 more granted
 * kernel   0 1 2 3 | 6 7 8 9
 * entries  0:+0      4:+2
 * ```
 *
 * @module
 */

/** The pages of one file. */
export class KernelPages {
  readonly #from: number[] = [];
  readonly #difference: number[] = [];

  /** Notes that our pages from `page` on, granted just now, are the kernel's from `kernelPage` on. */
  granted(page: number, kernelPage: number): void {
    while (this.#from.length > 0 && this.#from.at(-1)! >= page) {
      this.#from.pop();
      this.#difference.pop();
    }
    const difference = kernelPage - page;
    if (difference === this.#difference.at(-1)) return;
    this.#from.push(page);
    this.#difference.push(difference);
  }

  /** The kernel's number of our page. */
  kernelPage(page: number): number {
    return page + this.#difference[this.#entry(page)]!;
  }

  /** How many of `count` pages from `page` on are next to each other in the kernel too. */
  stretch(page: number, count: number): number {
    const next = this.#from[this.#entry(page) + 1];
    return next === undefined ? count : Math.min(count, next - page);
  }

  /** The last entry at or below `page`. */
  #entry(page: number): number {
    let low = 0;
    let high = this.#from.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#from[middle]! <= page) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
