/** What may be in a list: it knows its neighbours. */
export interface Listed<T> {
  previous: T | undefined;
  next: T | undefined;
  listed: boolean;
}

/** Mappings, the first that was made first. Adding and taking out makes nothing, as it would with a `Set`. */
export class MappingList<T extends Listed<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(mapping: T): void {
    mapping.listed = true;
    mapping.previous = this.#last;
    if (this.#last === undefined) this.#first = mapping;
    else this.#last.next = mapping;
    this.#last = mapping;
    this.#size++;
  }

  /** Takes a mapping out, which is in the list. */
  delete(mapping: T): void {
    const { previous, next } = mapping;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    mapping.previous = mapping.next = undefined;
    mapping.listed = false;
    this.#size--;
  }

  /** All that are in it now: each may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let mapping = this.#first; mapping !== undefined;) {
      const { next } = mapping;
      yield mapping;
      mapping = next;
    }
  }
}
