/**
 * Xorshift: the same numbers as in `random.h`, for the same seed.
 *
 * @module
 */

/** Numbers that look random and are the same each time. */
export class Random {
  #value: number;

  /** @param seed Any whole number but 0. */
  constructor(seed: number) {
    this.#value = seed | 0;
  }

  /** The next one, of 32 bits. */
  next(): number {
    let value = this.#value;
    value ^= value << 13;
    value ^= value >>> 17;
    value ^= value << 5;
    this.#value = value;
    return value >>> 0;
  }

  /** A number below a bound: biased, which does not matter here, but the same everywhere. */
  below(bound: number): number {
    return this.next() % bound;
  }
}
