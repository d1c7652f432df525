/** Checks as they run: a line for each, a count of all, and what they show to run where. */

import type { Machine, Ran } from "../../scripts/ci/ran.ts";
import type { Outcome } from "./programs/tests.ts";

/** The checks of one run. */
export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** What has passed, and so may be claimed. */
  readonly ran: Ran[] = [];
  readonly #wanted: (name: string) => boolean;
  readonly #mustRun: boolean;
  readonly #say: (line: string) => void;

  /**
   * @param wanted Whether a check is to run.
   * @param mustRun Whether what cannot run is a failure, as it is in CI, which everything is promised of.
   * @param say Prints a line.
   */
  constructor(wanted: (name: string) => boolean, mustRun: boolean, say: (line: string) => void) {
    this.#wanted = wanted;
    this.#mustRun = mustRun;
    this.#say = say;
  }

  /**
   * Runs one check: it throws, answers with what came of its tests, or says what it found.
   *
   * @param machine What the check shows to run at `where`, if it shows that.
   */
  async check(where: string, what: string, body: () => Promise<string | Outcome>, machine?: Machine): Promise<void> {
    const name = `${where}, ${what}`;
    if (!this.#wanted(name)) return;
    const started = performance.now();
    let line: string;
    try {
      const result = await body();
      const { passed, failed } = typeof result === "string" ? { passed: 1, failed: [] } : result;
      if (passed + failed.length === 0) throw new Error("no test ran");
      this.passed += passed;
      this.failed += failed.length;
      if (machine !== undefined && failed.length === 0) this.ran.push({ where, machine });
      line = typeof result === "string"
        ? `ok, ${result}`
        : [`${passed} passed, ${failed.length} failed`, ...failed].join("\n  ");
    } catch (error) {
      this.failed++;
      line = `failed: ${error instanceof Error ? error.message : error}`;
    }
    this.#say(`${name}: ${line} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }

  /** Prints the line of a check that cannot run here. */
  skip(where: string, what: string, reason: string): void {
    const name = `${where}, ${what}`;
    if (!this.#wanted(name)) return;
    if (this.#mustRun) this.failed++;
    else this.skipped++;
    this.#say(`${name}: ${this.#mustRun ? "failed, as it could not run" : "skipped"}, ${reason}`);
  }

  /** Whether something ran, and nothing failed. */
  get isGood(): boolean {
    return this.failed === 0 && this.passed > 0;
  }

  /** The line that closes a run. */
  get summary(): string {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }
}
