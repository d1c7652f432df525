import { type Provenance, sentenceOf } from "../harness/provenance.ts";
import type { Report } from "../harness/publish.ts";
import { difference, median, ratio } from "../harness/rounds.ts";
import { short, table } from "../harness/tables.ts";

/** A run of the bench of XenStore. */
export interface StoreResults extends Provenance {
  /** For each side its name, and the nanoseconds of each round. */
  readonly sides: readonly { readonly name: string; readonly rounds: readonly number[] }[];
}

/** Where these sides are: the others are compared with a turn of the event loop. */
const [TURN, BYTES, READ] = [1, 2, 3];

/** What the bench of XenStore writes. */
export const storeReport: Report<StoreResults> = {
  suffix: ".store.json",
  texts: (results) => ({ store: [storeTable(results), partsTable(results), sentenceOf(results)].join("\n\n") }),
};

/** What a read is made of. */
function partsTable({ sides }: StoreResults): string {
  const [turn, bytes, read] = [TURN, BYTES, READ].map((side) => sides[side!]!.rounds) as [number[], number[], number[]];
  return table(["part of a read, 1 in flight", "median, µs"], [
    ["the turn of the event loop in which the answer arrives", short(median(turn) / 1000)],
    ["the simulated machine: kernel, daemon, messages as bytes", short(difference(bytes, turn) / 1000)],
    ["the client", short(difference(read, bytes) / 1000)],
  ]);
}

function storeTable({ sides }: StoreResults): string {
  return table(
    ["what", "median, µs", "÷ a turn"],
    sides.map(({ name, rounds }) => [
      name,
      short(median(rounds) / 1000),
      short(ratio(rounds, sides[TURN!]!.rounds)),
    ]),
  );
}
