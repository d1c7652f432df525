import { sentenceOf } from "../harness/provenance.ts";
import type { Report } from "../harness/publish.ts";
import { median, ratio } from "../harness/rounds.ts";
import { short, table } from "../harness/tables.ts";
import { targetTable } from "../harness/targets.ts";
import { type DiskResults, type SideName, SIDES, type Verb } from "./results.ts";

const READS: Readonly<Record<Verb, string>> = {
  sequential: "1 MiB, one after the other",
  random: "4 KiB anywhere, 32 in flight",
};
const NAMES: Readonly<Record<SideName, string>> = { kernel: "xen-blkfront", deno: "Deno", node: "Node" };
/** How fast the example is to be, compared with the kernel's driver. */
const TARGETS: Readonly<Record<Verb, number>> = { sequential: 0.5, random: 0.3 };

/** What the bench of disks writes. */
export const diskReport: Report<DiskResults> = {
  suffix: ".disk.json",
  texts: (results) => ({
    disk: [targetsOf(results), timeTable(results), costTable(results), sentenceOf(results)].join("\n\n"),
  }),
};

/** How many requests a side makes while the kernel's driver makes one. */
function speedOf({ rounds }: DiskResults["time"][number], side: SideName): number {
  return ratio(rounds.kernel, rounds[side]);
}

function targetsOf({ time }: DiskResults): string {
  return targetTable(
    time.flatMap((figures) =>
      (["deno", "node"] as const).map((side) => ({
        figure: `reads of ${READS[figures.verb]}, ÷ xen-blkfront`,
        runtime: NAMES[side],
        target: TARGETS[figures.verb],
        atLeast: true,
        measured: speedOf(figures, side),
      }))
    ),
  );
}

function timeTable({ time }: DiskResults): string {
  return table(
    ["reads", "side", "median of a request, µs", "MiB/s"],
    time.flatMap(({ verb, rounds }) =>
      SIDES.map((side) => {
        const microseconds = median(rounds[side]);
        const mebibytes = verb === "sequential" ? 1 : 4 / 1024;
        return [READS[verb], NAMES[side], short(microseconds), short(mebibytes / (microseconds / 1e6))];
      })
    ),
  );
}

function costTable({ cost }: DiskResults): string {
  return table(
    ["a request of", "side", "pages granted", "calls that map", "events to the backend", "events to the frontend"],
    cost.map(({ side, verb, grants, maps, toBackend, toFrontend }) => [
      READS[verb],
      NAMES[side],
      ...[grants, maps, toBackend, toFrontend].map((figure) => short(figure)),
    ]),
  );
}
