import { type Provenance, sentenceOf } from "../harness/provenance.ts";
import type { Report } from "../harness/publish.ts";
import { median, ratio } from "../harness/rounds.ts";
import { table } from "../harness/tables.ts";

/** Milliseconds of one runtime: one figure for each round. */
export interface StartFigures {
  readonly runtime: string;
  /** From the import of the package to the first grant, and for the import of an empty module. */
  readonly grant: readonly number[];
  readonly empty: readonly number[];
  /** Of the whole process. */
  readonly wholeGrant: readonly number[];
  readonly wholeEmpty: readonly number[];
}

/** A run of the bench of size and start. */
export interface SizeResults extends Provenance {
  /** Bytes of the packed package. */
  readonly packed: number;
  /** Bytes of the smallest program, by bundler. */
  readonly bundles: Readonly<Record<string, { readonly bytes: number; readonly gzipped: number }>>;
  readonly starts: readonly StartFigures[];
}

/** What the bench of size and start writes. */
export const sizeReport: Report<SizeResults> = {
  suffix: ".size.json",
  texts: (results) => ({ size: `${sizeTable(results)}\n\n${sentenceOf(results)}` }),
};

function sizeTable({ packed, bundles, starts }: SizeResults): string {
  return table(["size or time", "figure"], [
    ["packed package", kilobytes(packed)],
    ...Object.entries(bundles).map(([bundler, { bytes, gzipped }]) => [
      `program on the simulated Xen, bundled by ${bundler}`,
      `${kilobytes(bytes)}, ${kilobytes(gzipped)} gzipped`,
    ]),
    ...starts.map(({ runtime, grant, empty, wholeGrant, wholeEmpty }) => [
      `from import to first grant, ${runtime}`,
      `${median(grant).toFixed(0)} ms, ${ratio(grant, empty).toFixed(1)} times an empty import; ` +
      `the whole process ${ratio(wholeGrant, wholeEmpty).toFixed(1)} times`,
    ]),
  ]);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`;
}
