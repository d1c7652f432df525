/** A member of a list, which holds its neighbours. */
export interface Listed<T> {
  previous: T | undefined;
  next: T | undefined;
  listed: boolean;
}

/**
 * Mappings, oldest first: a list whose members are its nodes, because entries of a `Set` would cost an allocation per
 * mapping.
 */
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

  /** Removes a mapping that is in the list. */
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

  /** All mappings. The one that was yielded last may be deleted during the iteration. */
  *[Symbol.iterator](): Generator<T> {
    for (let mapping = this.#first; mapping !== undefined;) {
      const { next } = mapping;
      yield mapping;
      mapping = next;
    }
  }
}
