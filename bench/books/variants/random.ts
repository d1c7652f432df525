/**
 * Xorshift: the same numbers as in `random.h`, for the same seed.
 *
 * @module
 */

/** A reproducible sequence of pseudo-random numbers. */
export class Random {
  #value: number;

  /** @param seed Any whole number except 0. */
  constructor(seed: number) {
    this.#value = seed | 0;
  }

  /** The next number, of 32 bits. */
  next(): number {
    let value = this.#value;
    value ^= value << 13;
    value ^= value >>> 17;
    value ^= value << 5;
    this.#value = value;
    return value >>> 0;
  }

  /** A number below a bound. It is slightly biased, which does not matter here, and the same everywhere. */
  below(bound: number): number {
    return this.next() % bound;
  }
}
