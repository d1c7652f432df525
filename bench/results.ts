/**
 * What a run of the bench found, as it is kept.
 *
 * @module
 */
import { median } from "./clock.ts";
import { type Case, groups, LIVE_BESIDE_PENDING } from "./cases.ts";
import type { MemoryFigures, PeakFigures } from "./memory.ts";

/** The nanoseconds a page that one side needed for one case: one figure for each round. */
export interface Series {
  readonly side: string;
  readonly case: Case;
  readonly rounds: readonly number[];
}

/** A run of the bench. */
export interface Results {
  readonly date: string;
  readonly mode: "full" | "quick";
  readonly machine: { readonly processor: string; readonly cores: number };
  readonly versions: Readonly<Record<string, string>>;
  /** The digest on which all variants agreed, and the steps of the trace. */
  readonly digest: { readonly answer: string; readonly steps: number };
  readonly series: readonly Series[];
  /** Bytes of the core for each grant. */
  readonly memory: MemoryFigures & { readonly live: number };
  /** Mebibytes at a peak of pages of a machine, and when they were freed, for each side; absent in older files. */
  readonly peaks?: { readonly pages: number; readonly sides: Readonly<Record<string, PeakFigures>> };
  /** Nanoseconds of the smallest call into the core, in each runtime; absent in older files. */
  readonly border?: Readonly<Record<string, number>>;
  /** Bytes of the module. */
  readonly module: number;
  /** Milliseconds from the import to the first grant, in each runtime. */
  readonly startup: Readonly<Record<string, number>>;
}

/** The groups of cases that were measured in a run. */
export function groupsOf(results: Results): ReturnType<typeof groups> {
  const distinct = (numbers: number[]) => [...new Set(numbers)].toSorted((left, right) => left - right);
  const cases = results.series.map(({ case: one }) => one);
  const beside = cases.filter(({ live }) => live === LIVE_BESIDE_PENDING);
  const others = cases.filter(({ live }) => live !== LIVE_BESIDE_PENDING);
  return groups(distinct(others.map(({ live }) => live)), distinct(beside.map(({ pending }) => pending)))
    .filter((group) => group.cases.some((one) => cases.some((other) => isSame(one, other))));
}

/** What tables call a case: the title of its group, and what varies in it. */
export function titleOf(one: Case): string {
  const { live, pending } = one;
  const { title } = groups([live], [pending]).find(({ cases }) => cases.some((other) => isSame(one, other)))!;
  return live === LIVE_BESIDE_PENDING ? `${title}: ${pending}` : `${title}, ${live} live`;
}

/** Whether two cases are the same. */
export function isSame(left: Case, right: Case): boolean {
  return left.workload === right.workload && left.pages === right.pages && left.live === right.live &&
    left.pending === right.pending;
}

/** What one side needed for one case, if it was measured. */
export function find(results: Results, side: string, one: Case): Series | undefined {
  return results.series.find((series) => series.side === side && isSame(series.case, one));
}

/** The ratios of two series in each round that both have, from the least to the greatest. */
export function ratios(numerator: Series, denominator: Series): number[] {
  const rounds = Math.min(numerator.rounds.length, denominator.rounds.length);
  return Array.from({ length: rounds }, (_, round) => numerator.rounds[round]! / denominator.rounds[round]!)
    .toSorted((left, right) => left - right);
}

/** The ratio of two series: the median of the ratios in each round. */
export function ratio(numerator: Series | undefined, denominator: Series | undefined): number | undefined {
  return numerator && denominator ? median(ratios(numerator, denominator)) : undefined;
}

/** A number with about three digits that matter. */
export function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en");
  return String(Number(value.toPrecision(value >= 1 ? 3 : 2)));
}
