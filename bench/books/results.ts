/**
 * The results of the bench of the books, as they are kept.
 *
 * @module
 */
import type { Provenance } from "../harness/provenance.ts";
import { ratio } from "../harness/rounds.ts";
import { type Case, type Group, groups, isSame, LIVE_BESIDE_PENDING } from "./cases.ts";
import type { MemoryFigures, PeakFigures } from "./memory.ts";

/** The nanoseconds per page that one side needed for one case: one figure for each round. */
export interface Series {
  readonly side: string;
  readonly case: Case;
  readonly rounds: readonly number[];
}

/** A run of the bench. */
export interface Results extends Provenance {
  /** The digest on which all variants agreed, and the steps of the trace. */
  readonly digest: { readonly answer: string; readonly steps: number };
  readonly series: readonly Series[];
  /** Bytes of the core for each grant. */
  readonly memory: MemoryFigures & { readonly live: number };
  /** The process's memory at a peak of pages, and after they were freed, for each side. */
  readonly peaks: { readonly pages: number; readonly sides: Readonly<Record<string, PeakFigures>> };
  /** Nanoseconds of the smallest call into the core, in each runtime. */
  readonly border: Readonly<Record<string, number>>;
  /** Bytes of the module. */
  readonly module: number;
  /** Milliseconds from the import to the first grant, in each runtime. */
  readonly startup: Readonly<Record<string, number>>;
}

/** The groups of cases that were measured in a run. */
export function groupsOf({ series }: Pick<Results, "series">): Group[] {
  const distinct = (numbers: number[]) => [...new Set(numbers)].toSorted((left, right) => left - right);
  const cases = series.map(({ case: one }) => one);
  const beside = cases.filter(({ live }) => live === LIVE_BESIDE_PENDING);
  const others = cases.filter(({ live }) => live !== LIVE_BESIDE_PENDING);
  return groups(distinct(others.map(({ live }) => live)), distinct(beside.map(({ pending }) => pending)))
    .filter((group) => group.cases.some((one) => cases.some((other) => isSame(one, other))));
}

/** What tables call a case: the title of its group, and the number that varies in it. */
export function titleOf(one: Case): string {
  const { live, pending } = one;
  const { title } = groups([live], [pending]).find(({ cases }) => cases.some((other) => isSame(one, other)))!;
  return live === LIVE_BESIDE_PENDING ? `${title}: ${pending}` : `${title}, ${live} live`;
}

/** What one side needed for one case, if it was measured. */
export function find({ series }: Pick<Results, "series">, side: string, one: Case): Series | undefined {
  return series.find((other) => other.side === side && isSame(other.case, one));
}

/** The ratio of two series, if both were measured. */
export function ratioOf(numerator: Series | undefined, denominator: Series | undefined): number | undefined {
  return numerator && denominator ? ratio(numerator.rounds, denominator.rounds) : undefined;
}
