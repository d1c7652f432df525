/**
 * Compares two runs of the bench, case by case.
 *
 * ```sh
 * deno task bench:compare bench/results/reference.json bench/results/latest.json
 * ```
 *
 * The runs may be of different machines, and of different hours: so each side is first divided by what the same design in C
 * needed in the same round. A side is called slower or faster where that changed by more than a tenth, and where the middle half
 * of the rounds of both runs lie apart.
 *
 * @module
 */
import { median } from "./clock.ts";
import { find, ratios, type Results, short, titleOf } from "./results.ts";

/** Changes below this are noise. */
const NOISE = 1.1;

const [before, after] = Deno.args;
if (!before || !after) throw new Error("Cannot compare: give two files that `deno task bench` wrote");

async function read(path: string): Promise<Results> {
  const results = JSON.parse(await Deno.readTextFile(path));
  if (Array.isArray(results.series)) return results;
  throw new Error(`Cannot compare ${path} as \`deno task bench\` did not write it`);
}

const [old, now] = [await read(before), await read(after)];
if (old.mode !== now.mode) console.log(`Mind that ${before} is a ${old.mode} run, and ${after} a ${now.mode} one.`);

const rows = now.series.flatMap((is) => {
  const { side, case: one } = is;
  const [was, wasC, isC] = [find(old, side, one), find(old, "leaf/c", one), find(now, "leaf/c", one)];
  if (side === "leaf/c" || !was || !wasC || !isC) return [];
  const [earlier, later] = [ratios(was, wasC), ratios(is, isC)];
  const [left, right] = [median(earlier), median(later)];
  const change = right / left;
  // Where most rounds of both runs lie apart.
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
console.log(`times the same design in C: ${before} → ${after}`);
console.table(rows.toSorted((left, right) => right.change - left.change));
