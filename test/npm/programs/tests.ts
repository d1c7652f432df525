/** Runs tests on any runtime. */

/** The outcome of tests. */
export interface Outcome {
  readonly passed: number;
  /** The name and the error of each failed test. */
  readonly failed: readonly string[];
}

/** Runs the tests that `declare` declares, one after the other. */
export async function outcomeOf(
  declare: (test: (name: string, run: () => unknown) => void) => void,
): Promise<Outcome> {
  const tests: { name: string; run: () => unknown }[] = [];
  declare((name, run) => tests.push({ name, run }));
  let passed = 0;
  const failed: string[] = [];
  for (const { name, run } of tests) {
    try {
      await run();
      passed++;
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  return { passed, failed };
}
