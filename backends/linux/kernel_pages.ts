/**
 * Translates page numbers of the library to those of the kernel.
 *
 * Both count the pages of a file from 0. They agree until a grant fails halfway because the grant table is full: the
 * library moves its index back, but the kernel does not. From then on, the kernel's numbers are larger by a constant.
 * So it is enough to keep a list of the pages at which the difference changes:
 *
 * ```text
 * library  0 1 2 3 | 4 5 6 7      4 pages were granted, 2 were refused halfway, then 4 more were granted
 * kernel   0 1 2 3 | 6 7 8 9
 * entries  0:+0      4:+2
 * ```
 *
 * @module
 */

/** The page numbers of one file. */
export class KernelPages {
  readonly #from: number[] = [];
  readonly #difference: number[] = [];

  /** Records a grant: the library's pages from `page` on are the kernel's from `kernelPage` on. */
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

  /** Returns the kernel's number of a page. */
  kernelPage(page: number): number {
    return page + this.#difference[this.#entry(page)]!;
  }

  /** Returns how many of `count` pages from `page` on are contiguous in the kernel, too. */
  stretch(page: number, count: number): number {
    const next = this.#from[this.#entry(page) + 1];
    return next === undefined ? count : Math.min(count, next - page);
  }

  /** Finds the last entry at or below `page`. */
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
