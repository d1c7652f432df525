/**
 * Random numbers that are the same in every runtime: splitmix32, which adds the golden ratio (0x9e3779b9 = 2³²/φ) to its state
 * and mixes the sum with the two multipliers and three shifts that C. Wellons found to be good for 32 bits. It has a period of
 * 2³², any seed is as good as any other, and neighbouring seeds give unrelated numbers.
 */
export class Random {
  #state: number;

  /** @param seed A whole number, of which the low 32 bits count. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to 2³² - 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** A whole number between two bounds, which are among the possible ones. */
  between(least: number, most: number): number {
    return least + Math.floor((this.next() / 2 ** 32) * (most - least + 1));
  }

  /** True in so many cases of 100. */
  chance(percent: number): boolean {
    return this.between(1, 100) <= percent;
  }

  /** One of a list, which is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)]!;
  }

  /** A key, each as often as its weight says. */
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
