/**
 * The results of the benches on a device as tables.
 *
 * @module
 */
import { sentenceOf } from "../harness/provenance.ts";
import { difference, median, ratio, ratios } from "../harness/rounds.ts";
import { short } from "../harness/tables.ts";
import { type NativeResults, type SideName, SIDES, type SystemCallFigures, type XenResults } from "./results.ts";

/** The target of a side: its ratio to C. */
function target(pages: number): number {
  return pages >= 16 ? 1.15 : 1.4;
}

function total({ calls }: SystemCallFigures): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

/** The rows of the table of a run on the real device, its head first. */
export function xenRows({ time, systemCalls, heap }: XenResults): string[][] {
  const body = time.flatMap(({ pages, rounds }) =>
    SIDES.map((side) => {
      const of = <Figures extends { side: string; pages: number }>(all: readonly Figures[]) =>
        all.find((one) => one.side === side && one.pages === pages);
      const calls = of(systemCalls);
      const sorted = ratios(rounds[side], rounds.c);
      const compared = side === "c"
        ? ["", ""]
        : [short(median(sorted)), `${short(sorted.at(0))} to ${short(sorted.at(-1))}`];
      const judged = side === "c" || side === "bare"
        ? ["", ""]
        : [`≤ ${target(pages)}`, median(sorted) <= target(pages) ? "yes" : "no"];
      return [
        String(pages),
        side,
        short(median(rounds[side])),
        ...compared,
        ...judged,
        calls ? total(calls).toFixed(2) : "–",
        String(of(heap)?.bytes ?? ""),
      ];
    })
  );
  const head = ["pages", "side", "µs per operation", "÷ C", "range of rounds", "target", "met", "system calls"];
  return [[...head, "heap bytes"], ...body];
}

/** The rows of the table of a run over the device that stands in, its head first. */
export function nativeRows({ time }: NativeResults): string[][] {
  const body = time.flatMap(({ pages, rounds }) => {
    const above = (side: SideName, base: SideName) => short(difference(rounds[side], rounds[base]));
    return SIDES.map((side) => [
      String(pages),
      side,
      short(median(rounds[side])),
      side === "c" ? "" : above(side, "c"),
      side === "c" ? "" : short(ratio(rounds[side], rounds.c)),
      side === "c" || side === "bare" ? "" : above(side, "bare"),
    ]);
  });
  return [["pages", "side", "µs per operation", "above C, µs", "÷ C", "above bare Deno, µs"], ...body];
}

/** Where the figures come from, and for which pages the sides had not settled. */
export function provenanceText(results: NativeResults): string {
  const unsettled = results.time.filter(({ settled }) => !settled).map(({ pages }) => pages);
  return sentenceOf(results) +
    (unsettled.length > 0
      ? ` The sides had not settled when the rounds began, for pages: ${unsettled.join(", ")}.`
      : "");
}
