/**
 * Rounds: each measures every side once, one after the other, so that all sides meet the same state of the machine.
 * On a shared host every program can run at half speed, or less, for seconds: ratios within a round hold where times
 * do not.
 *
 * @module
 */

/** The median of some figures. Of an even number of figures it is the higher one of the two in the middle. */
export function median(figures: readonly number[]): number {
  return figures.toSorted((left, right) => left - right)[figures.length >> 1]!;
}

/**
 * Combines the figures of two sides round by round, from the least result to the greatest. Rounds that only one side
 * has do not count.
 */
function pairs(
  left: readonly number[],
  right: readonly number[],
  combine: (left: number, right: number) => number,
): number[] {
  const rounds = Math.min(left.length, right.length);
  return Array.from({ length: rounds }, (_, round) => combine(left[round]!, right[round]!))
    .toSorted((one, other) => one - other);
}

/** The ratios of two sides in each round, from the least to the greatest. */
export function ratios(numerator: readonly number[], denominator: readonly number[]): number[] {
  return pairs(numerator, denominator, (left, right) => left / right);
}

/** The ratio of two sides: the median of the ratios in each round. */
export function ratio(numerator: readonly number[], denominator: readonly number[]): number {
  return median(ratios(numerator, denominator));
}

/** By how much one side is above another: the median of the differences in each round. */
export function difference(left: readonly number[], right: readonly number[]): number {
  return median(pairs(left, right, (one, other) => one - other));
}

/**
 * Measures all sides in interleaved rounds.
 *
 * @param measure Measures a side once. A side that it returns `undefined` for does not take part in that round.
 * @returns For each side its figures, one for each round that it took part in.
 */
export async function measureRounds<Side, Figure>(
  sides: readonly Side[],
  rounds: number,
  measure: (side: Side, round: number) => Promise<Figure | undefined>,
): Promise<Figure[][]> {
  const all = sides.map((): Figure[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const figure = await measure(side, round);
      if (figure !== undefined) all[index]!.push(figure);
    }
  }
  return all;
}
