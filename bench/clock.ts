/**
 * Measuring in a process that goes on: the same as `measure` of `baseline/program.c`.
 *
 * @module
 */

/** Work that is done a number of times. */
export type Work = (times: number) => void;

const BATCHES = 9;

function timed(work: Work, times: number): number {
  const start = performance.now();
  work(times);
  return performance.now() - start;
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!;
}

/** Nanoseconds for one time of `work`: the median of some batches in a given time, in milliseconds. */
export function measure(work: Work, budget: number): number {
  let times = 1;
  let spent = timed(work, times);
  while (spent < budget / 20) {
    times *= 2;
    spent = timed(work, times);
  }
  const batches: number[] = [];
  let left = budget - spent;
  do {
    const batch = timed(work, times);
    batches.push(batch / times);
    left -= batch;
  } while (batches.length < BATCHES && left > 0);
  return median(batches) * 1e6;
}

/** Does `work` over and over for some milliseconds, as it is when it is measured: what is compiled late is compiled then. */
export function warmUp(work: Work, milliseconds: number): void {
  const end = performance.now() + milliseconds;
  do measure(work, 100); while (performance.now() < end);
}
