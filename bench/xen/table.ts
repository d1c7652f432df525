/**
 * The results of the bench on the real device as a table.
 *
 * @module
 */
import { median } from "../clock.ts";
import { short } from "../results.ts";
import { type SideName, SIDES, type SystemCallFigures, type TimeFigures, type XenResults } from "./results.ts";

/** How many times C a side may take. */
function target(pages: number): number {
  return pages >= 16 ? 1.15 : 1.4;
}

/** The ratios of the rounds, from the least to the greatest. */
function ratios({ rounds }: TimeFigures, side: SideName): number[] {
  return rounds[side].map((figure, round) => figure / rounds.c[round]!).toSorted((left, right) => left - right);
}

function total({ calls }: SystemCallFigures): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

/** The rows of the table, its head first. */
export function rows({ time, systemCalls, heap }: XenResults): string[][] {
  const body = time.flatMap((figures) => {
    const { pages, rounds } = figures;
    return SIDES.map((side) => {
      const of = <Figures extends { side: string; pages: number }>(all: readonly Figures[]) =>
        all.find((one) => one.side === side && one.pages === pages);
      const calls = of(systemCalls);
      const sorted = ratios(figures, side);
      const ratio = median(sorted);
      const compared = side === "c" ? ["", ""] : [short(ratio), `${short(sorted.at(0))} to ${short(sorted.at(-1))}`];
      const judged = side === "c" || side === "bare"
        ? ["", ""]
        : [`≤ ${target(pages)}`, ratio <= target(pages) ? "yes" : "no"];
      return [
        String(pages),
        side,
        short(median(rounds[side])),
        ...compared,
        ...judged,
        calls ? total(calls).toFixed(2) : "–",
        String(of(heap)?.bytes ?? ""),
      ];
    });
  });
  return [
    ["pages", "side", "µs an operation", "÷ C", "over the rounds", "target", "reached", "system calls", "heap bytes"],
    ...body,
  ];
}

/** Where the figures are from. */
export function provenance({ date, machine, versions, time }: XenResults): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const unsettled = time.filter(({ settled }) => !settled).map(({ pages }) => pages);
  return `Measured ${date.slice(0, 10)} on ${machine.cores} cores of ${machine.processor}, with ${programs}.` +
    (unsettled.length > 0
      ? ` The rounds did not agree yet when they began to count, for pages: ${unsettled.join(", ")}.`
      : "");
}
