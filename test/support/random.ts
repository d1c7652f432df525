/**
 * Random numbers that are the same in every runtime. splitmix32 adds the golden ratio (0x9e3779b9 = 2³²/φ) to its
 * state, and mixes the sum with two multipliers and three shifts that C. Wellons found for 32 bits. The period is 2³².
 * All seeds are equally good, and consecutive seeds give unrelated numbers.
 */
export class Random {
  #state: number;

  /** @param seed A whole number. Its low 32 bits count. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Returns a whole number from 0 to 2³² - 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** Returns a whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound);
  }

  /** Returns a whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Returns true in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.between(1, 100) <= percent;
  }

  /** Returns an element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Returns a key. The values are the weights. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let rest = this.between(1, entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [key, weight] of entries) {
      rest -= weight;
      if (rest <= 0) return key;
    }
    throw new RangeError("Cannot choose as the weights must be positive whole numbers");
  }
}
