/**
 * Compares two runs of the bench, case by case.
 *
 * ```sh
 * deno task bench:compare bench/results/reference.json bench/results/latest.json
 * ```
 *
 * The runs may be of different machines, and of different hours: so each side is first divided by what the same design in C
 * needed in the same round.
 *
 * @module
 */
import { find, ratio, type Results, short } from "./results.ts";

/** Changes below this are noise. */
const NOISE = 1.1;

const [before, after] = Deno.args;
if (!before || !after) throw new Error("Cannot compare: give two files that `deno task bench` wrote");
const read = async (path: string): Promise<Results> => JSON.parse(await Deno.readTextFile(path));
const [old, now] = [await read(before), await read(after)];

const rows = now.series.flatMap(({ side, case: one }) => {
  if (side === "leaf/c") return [];
  const [was, is] = [old, now].map((results) => ratio(find(results, side, one), find(results, "leaf/c", one)));
  if (was === undefined || is === undefined) return [];
  const change = is / was;
  const word = change > NOISE ? "slower" : change < 1 / NOISE ? "faster" : "";
  const { workload, pages, live, pending } = one;
  return [{
    side,
    workload,
    pages,
    live,
    pending,
    before: short(was),
    after: short(is),
    change: Number(change.toFixed(2)),
    word,
  }];
});
console.log(`times the same design in C: ${before} → ${after}`);
console.table(rows.toSorted((left, right) => right.change - left.change));
