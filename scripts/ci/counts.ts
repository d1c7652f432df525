/** How many tests a task ran, by what it printed. */

/** Tests by what became of them. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const WORDS: Readonly<Record<keyof Counts, RegExp>> = {
  passed: /(\d+) passed/,
  failed: /(\d+) failed/,
  skipped: /(\d+) (?:skipped|ignored|todo)/,
};

/** Vitest's line, that of `deno test`, and that of this project's own tests. */
const SUMMARY = /^\s*Tests\s+\d.*\(\d+\)$|^(?:ok|FAILED) \| \d+ passed.*$|^\d+ passed, \d+ failed, \d+ skipped$/;

/** The sum of all summary lines. */
export function countsIn(printed: string): Counts {
  const lines = printed.split(/\r?\n/).filter((line) => SUMMARY.test(line));
  return sumOf(lines.map((line) => {
    const count = (word: keyof Counts) => Number(WORDS[word].exec(line)?.[1] ?? 0);
    return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
  }));
}

/** All of them together. */
export function sumOf(counts: readonly Counts[]): Counts {
  const sum = (word: keyof Counts) => counts.reduce((total, one) => total + one[word], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

/** The line that closes a run. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * What counts of a part of the whole test that has ended.
 *
 * @param counts Its tests, as it printed them.
 * @param hasTests Whether it is to have any.
 */
export function countsOfPart(success: boolean, counts: Counts, hasTests: boolean): Counts {
  // One that fails without a test that does (a type error, or a missing tool) fails all the same; and so does one that ends
  // well without a test: nothing ran, or nobody could read what it printed.
  const isGood = success && (counts.passed > 0 || !hasTests);
  return isGood || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}
