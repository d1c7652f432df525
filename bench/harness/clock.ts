/**
 * Measures work within a running process, as `measure` of `books/variants/program.c` does.
 *
 * @module
 */
import { median } from "./rounds.ts";

/** Does something a number of times. */
export type Work = (times: number) => void;

const BATCHES = 9;

function timed(work: Work, times: number): number {
  const start = performance.now();
  work(times);
  return performance.now() - start;
}

/**
 * Measures `work` in batches and returns the median.
 *
 * @param budget The time to spend, in milliseconds.
 * @returns Nanoseconds to do the work once.
 */
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

/** Does `work` for some milliseconds, in the way it is measured later, so that the engine compiles it before that. */
export function warmUp(work: Work, milliseconds: number): void {
  const end = performance.now() + milliseconds;
  do measure(work, 100); while (performance.now() < end);
}
