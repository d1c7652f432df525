import { type Provenance, sentenceOf } from "../harness/provenance.ts";
import type { Report } from "../harness/publish.ts";
import { difference, median, ratio } from "../harness/rounds.ts";
import { short, table } from "../harness/tables.ts";

/** The figures of a side. */
interface SideFigures {
  /** What one piece of work is. Where bytes are moved, the first side of a group is the copy. */
  readonly group: string;
  readonly name: string;
  readonly bytes: number;
  /** The nanoseconds of each round. */
  readonly rounds: readonly number[];
}

/** A run of the bench of disks on the simulated Xen. */
export interface MockDiskResults extends Provenance {
  readonly sides: readonly SideFigures[];
}

/** Where the sides are that a read of 4 KiB is divided by: see `prepareMockSides()`. */
const [COPY, READ, FRESH, EVENTS, FLUSH] = [0, 1, 2, 3, 4];

/** What the bench of disks on the simulated Xen writes. */
export const mockDiskReport: Report<MockDiskResults> = {
  suffix: ".disk_mock.json",
  texts: (results) => ({
    "disk-mock": [readsTable(results), partsTable(results), sentenceOf(results)].join("\n\n"),
  }),
};

function readsTable({ sides }: MockDiskResults): string {
  return table(
    ["reads", "side", "median, µs", "reads a second", "MiB/s", "÷ the copy"],
    sides.filter(({ bytes }) => bytes > 0).map(({ group, name, bytes, rounds }) => {
      const copy = sides.find((side) => side.group === group)!;
      const perSecond = 1e9 / median(rounds);
      const mebibytes = perSecond * bytes / 1024 / 1024;
      return [
        group,
        name,
        short(median(rounds) / 1000),
        short(perSecond),
        short(mebibytes),
        short(ratio(rounds, copy.rounds)),
      ];
    }),
  );
}

/** What a read of 4 KiB is made of, if it is the only one. */
function partsTable({ sides }: MockDiskResults): string {
  const of = (side: number) => sides[side]!.rounds;
  const rows: [string, number][] = [
    ["the event loop: an event there, and one back", median(of(EVENTS!))],
    ["the ring and both drivers, as a flush takes them", difference(of(FLUSH!), of(EVENTS!))],
    [
      "the page, which stays granted: taking it, and the copies of its bytes",
      difference(of(READ!), of(FLUSH!)),
    ],
    ["of that, the copy out of the medium", median(of(COPY!))],
    ["what granting the page for one read adds", difference(of(FRESH!), of(READ!))],
  ];
  return table(
    ["part of a read of 4 KiB, 1 in flight", "median, µs"],
    rows.map(([part, time]) => [part, short(time / 1000)]),
  );
}
