import { median } from "../../harness/rounds.ts";
import type { Group } from "../cases.ts";
import { find, type Results } from "../results.ts";
import type { Line } from "./chart.ts";

/** The line of one side in a group: its nanoseconds per page against live pages, where it was measured. */
export function lineOf(results: Pick<Results, "series">, { cases }: Group, side: string, className: string): Line {
  const points = cases.flatMap((one): Line["points"] => {
    const series = find(results, side, one);
    return series ? [[one.live, median(series.rounds)]] : [];
  });
  return { className, points };
}
