/** Runs tests on any runtime, and says what came of them. */

/** What came of a run. */
export interface Outcome {
  readonly passed: number;
  /** A line for each test that failed. */
  readonly failed: readonly string[];
}

/** Runs the tests that `declare` declares, one after another. */
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
