/**
 * Figures beside their targets.
 *
 * @module
 */
import { short, table } from "./tables.ts";

/** A figure that has a target. */
export interface Verdict {
  readonly figure: string;
  readonly runtime: string;
  readonly target: number;
  /** Whether the target is a lower bound instead of an upper one. */
  readonly atLeast: boolean;
  /** Undefined if this run did not measure it. */
  readonly measured: number | undefined;
}

/** Targets and results as a table in Markdown. */
export function targetTable(verdicts: readonly Verdict[]): string {
  return table(
    ["figure", "runtime", "target", "measured", "met"],
    verdicts.map(({ figure, runtime, target, atLeast, measured }) => [
      figure,
      runtime,
      `${atLeast ? "≥" : "≤"} ${target.toLocaleString("en")}`,
      short(measured),
      measured === undefined ? "–" : (atLeast ? measured >= target : measured <= target) ? "yes" : "no",
    ]),
  );
}
