/** Reports checks as they run: prints a line for each, counts them, and keeps what they show to run where. */

import { type Counts, summary } from "../../scripts/ci/counts.ts";
import type { Machine, Ran } from "../../scripts/ci/ran.ts";
import type { Outcome } from "./programs/tests.ts";

/** The checks of one run. */
export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;
  /** Where all tests for a machine passed. */
  readonly ran: Ran[] = [];
  readonly #wanted: (name: string) => boolean;
  readonly #mustRun: boolean;
  readonly #print: (line: string) => void;

  /**
   * @param wanted Whether to run a check.
   * @param mustRun Whether a check that cannot run has failed, as in CI. Otherwise it is skipped.
   * @param print Prints a line.
   */
  constructor(wanted: (name: string) => boolean, mustRun: boolean, print: (line: string) => void) {
    this.#wanted = wanted;
    this.#mustRun = mustRun;
    this.#print = print;
  }

  /**
   * Runs one check, and prints its line.
   *
   * @param body Throws if the check fails. Returns the outcome of its tests, or what it found.
   * @param machine The machine that the check shows to run at `where`, if any.
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
    this.#print(`${name}: ${line} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }

  /** Prints the line of a check that cannot run here. */
  skip(where: string, what: string, reason: string): void {
    const name = `${where}, ${what}`;
    if (!this.#wanted(name)) return;
    if (this.#mustRun) this.failed++;
    else this.skipped++;
    this.#print(`${name}: ${this.#mustRun ? "failed because it cannot run" : "skipped"}, ${reason}`);
  }

  /** Whether something ran, and nothing failed. */
  get isGood(): boolean {
    return this.failed === 0 && this.passed > 0;
  }

  /** How many tests passed, failed and were skipped. */
  get counts(): Counts {
    return { passed: this.passed, failed: this.failed, skipped: this.skipped };
  }

  /** The last line of a run. */
  get summary(): string {
    return summary(this.counts);
  }
}
