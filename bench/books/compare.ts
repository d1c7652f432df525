/**
 * Compares two runs of the bench of the books, case by case.
 *
 * ```sh
 * deno task bench:compare bench/results/reference.json bench/results/latest.json
 * ```
 *
 * The runs may come from different machines and different hours, so each side is first divided by what the same
 * design in C needed in the same round. A side counts as slower or faster if that ratio changed by more than a tenth
 * and the middle halves of both runs' rounds do not overlap.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { median, ratios } from "../harness/rounds.ts";
import { short } from "../harness/tables.ts";
import { find, type Results, titleOf } from "./results.ts";

/** Smaller changes are noise. */
const NOISE = 1.1;

const { positionals: [before, after, ...others] } = parseArgs({ options: {}, allowPositionals: true });
if (!before || !after || others.length > 0) {
  throw new Error("Cannot compare: give two files that `deno task bench` wrote");
}

async function read(path: string): Promise<Results> {
  const results = JSON.parse(await Deno.readTextFile(path));
  if (Array.isArray(results.series)) return results;
  throw new Error(`Cannot compare ${path}: \`deno task bench\` did not write it`);
}

const [old, now] = [await read(before), await read(after)];
if (old.mode !== now.mode) console.log(`Note: ${before} is a ${old.mode} run, and ${after} a ${now.mode} one.`);

const rows = now.series.flatMap((is) => {
  const { side, case: one } = is;
  const [was, wasC, isC] = [find(old, side, one), find(old, "leaf/c", one), find(now, "leaf/c", one)];
  if (side === "leaf/c" || !was || !wasC || !isC) return [];
  const [earlier, later] = [ratios(was.rounds, wasC.rounds), ratios(is.rounds, isC.rounds)];
  const [left, right] = [median(earlier), median(later)];
  const change = right / left;
  const quarter = (all: number[]) => all[Math.floor(all.length / 4)]!;
  const threeQuarters = (all: number[]) => all[Math.ceil(all.length * 3 / 4) - 1]!;
  const word = change > NOISE && quarter(later) > threeQuarters(earlier)
    ? "slower"
    : change < 1 / NOISE && threeQuarters(later) < quarter(earlier)
    ? "faster"
    : "";
  return [{
    side,
    case: titleOf(one),
    before: short(left),
    after: short(right),
    change: Number(change.toFixed(2)),
    word,
  }];
});
console.log(`Times the same design in C: ${before} → ${after}`);
console.table(rows.toSorted((left, right) => right.change - left.change));
