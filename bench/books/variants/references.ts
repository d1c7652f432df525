/** Xen reserves the references below this one. */
const FIRST_REFERENCE = 8;

/**
 * The grant table under every variant: how often the peer maps each reference, and a stack of free references. The
 * one freed last is used first. The same as `references.h`.
 */
export class References {
  #maps = new Uint32Array(1024);
  #free = new Uint32Array(1024);
  #freeCount = 0;
  #fresh = FIRST_REFERENCE;
  /** By reference: what to do when the peer unmaps a pending page. */
  readonly #waiting = new Map<number, () => void>();

  /** The lowest reference that was never used. */
  get fresh(): number {
    return this.#fresh;
  }

  /** Grants a page, and returns its reference. */
  add(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount]!;
    if (this.#fresh === this.#maps.length) this.#grow();
    return this.#fresh++;
  }

  /** Grants pages. Their references become the first entries of `grefs`. */
  addAll(grefs: Uint32Array, count: number): void {
    const free = this.#free;
    const freeCount = this.#freeCount;
    const again = Math.min(count, freeCount);
    for (let index = 0; index < again; index++) grefs[index] = free[freeCount - 1 - index]!;
    this.#freeCount = freeCount - again;
    for (let index = again; index < count; index++) grefs[index] = this.add();
  }

  #grow(): void {
    const [maps, free] = [this.#maps, this.#free];
    this.#maps = new Uint32Array(maps.length * 2);
    this.#maps.set(maps);
    this.#free = new Uint32Array(free.length * 2);
    this.#free.set(free);
  }

  /** Ends access through a reference. Returns false and changes nothing if the peer holds the page. */
  end(gref: number): boolean {
    if (this.#maps[gref]! > 0) return false;
    this.#free[this.#freeCount++] = gref;
    return true;
  }

  /**
   * Ends access through references from `from` on, up to the first whose page the peer holds. Returns its index, or
   * `count`.
   */
  endAll(grefs: Uint32Array, from: number, count: number): number {
    const maps = this.#maps;
    const free = this.#free;
    const first = this.#freeCount - from;
    let index = from;
    for (; index < count; index++) {
      const gref = grefs[index]!;
      if (maps[gref] !== 0) break;
      free[first + index] = gref;
    }
    this.#freeCount = first + index;
    return index;
  }

  /** Has `action` called when the peer unmaps a page that it holds. */
  onRelease(gref: number, action: () => void): void {
    this.#waiting.set(gref, action);
  }

  /** The peer maps the page. */
  hold(gref: number): void {
    this.#maps[gref]!++;
  }

  /** The peer unmaps the page. */
  release(gref: number): void {
    if (--this.#maps[gref]! > 0 || this.#waiting.size === 0) return;
    this.#waiting.get(gref)?.();
    this.#waiting.delete(gref);
  }
}
