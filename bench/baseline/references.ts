/** References below this one are reserved by Xen. */
const FIRST_REFERENCE = 8;

/**
 * The grant table that every variant shares: how often the peer has mapped each reference, and a stack of free ones, of
 * which the last to be freed is the first to be used again. The same as `references.h`.
 */
export class References {
  #maps = new Uint32Array(1024);
  #free = new Uint32Array(1024);
  #freeCount = 0;
  #fresh = FIRST_REFERENCE;
  /** How often a peer has let go of a page: a page that was held can be ended only if this has changed. */
  letGo = 0;

  /** The lowest reference that was never used. */
  get fresh(): number {
    return this.#fresh;
  }

  /** Grants a page. */
  add(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount]!;
    if (this.#fresh === this.#maps.length) this.#grow();
    return this.#fresh++;
  }

  #grow(): void {
    const [maps, free] = [this.#maps, this.#free];
    this.#maps = new Uint32Array(maps.length * 2);
    this.#maps.set(maps);
    this.#free = new Uint32Array(free.length * 2);
    this.#free.set(free);
  }

  /** Ends access by a reference, unless the peer holds the page: whether it did. */
  end(gref: number): boolean {
    if (this.#maps[gref]! > 0) return false;
    this.#free[this.#freeCount++] = gref;
    return true;
  }

  /** The peer maps the page. */
  hold(gref: number): void {
    this.#maps[gref]!++;
  }

  /** The peer unmaps the page. */
  release(gref: number): void {
    if (--this.#maps[gref]! === 0) this.letGo++;
  }
}
