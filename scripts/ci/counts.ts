/** Numbers of tests. */

/** How many tests passed, failed and were skipped. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Adds counts up. */
export function sumOf(counts: readonly Counts[]): Counts {
  const sum = (key: keyof Counts) => counts.reduce((total, one) => total + one[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

/** The last line of a run. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Judges one part of CI after it ended.
 *
 * @param success Whether its task succeeded.
 * @param counts What each test runner of the part counted. Empty for a part that runs no tests.
 * @returns The sum. It has at least one failure if the task failed, or if a runner ran no test.
 */
export function countsOfPart(success: boolean, counts: readonly Counts[]): Counts {
  const sum = sumOf(counts);
  // A type error or a missing tool fails the task without failing a test.
  const isGood = success && counts.every(({ passed }) => passed > 0);
  return isGood || sum.failed > 0 ? sum : { ...sum, failed: 1 };
}
