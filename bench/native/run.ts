/**
 * `deno task bench:native`: what the library adds to the calls that share pages, on the processor that this runs on. A device that
 * stands in for the real one (`device.c`) maps and unmaps real memory; nothing is granted, so that no Xen is needed, and no emulation.
 * The sides are those of `bench:xen`.
 *
 * ```sh
 * deno task bench:native            # less than a minute
 * deno task bench:native --write    # also remakes the table in docs/performance.md
 * ```
 *
 * @module
 */
import { writeMarked } from "../../scripts/marked.ts";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { processor, versionOf } from "../machine.ts";
import { median } from "../clock.ts";
import { short } from "../results.ts";
import { table } from "../tables.ts";
import { SIDES, type TimeFigures } from "../xen/results.ts";
import { startSides } from "../xen/sides.ts";
import { measureTime, type TimePlan } from "../xen/time.ts";
import { buildDevice } from "./build.ts";

const PLAN: TimePlan = { pages: [1, 16, 256], rounds: 30, milliseconds: 20, least: 3, patience: 20 };

const root = new URL("../../", import.meta.url);
const flags = new Set(Deno.args);
for (const flag of flags) {
  if (flag !== "--write") throw new Error(`Cannot run the bench with ${flag}: there is --write`);
}

/** The rows of the table, its head first. */
function rows(time: readonly TimeFigures[]): string[][] {
  const body = time.flatMap(({ pages, rounds }) =>
    SIDES.map((side) => {
      const compare = (by: (figure: number, ofC: number) => number) =>
        side === "c" ? "" : short(median(rounds[side].map((figure, round) => by(figure, rounds.c[round]!))));
      return [
        String(pages),
        side,
        short(median(rounds[side])),
        compare((figure, ofC) => figure - ofC),
        compare((figure, ofC) => figure / ofC),
        side === "c" || side === "bare"
          ? ""
          : short(median(rounds[side].map((figure, round) => figure - rounds.bare[round]!))),
      ];
    })
  );
  return [["pages", "side", "µs an operation", "above C, µs", "÷ C", "above bare Deno, µs"], ...body];
}

const repository = Deno.realPathSync(root);
const directory = `${repository}/.cache/bench/native`;
const { libc, share } = await buildDevice(directory);
const { nodes, project } = await buildNodeProject(repository, directory, [EXAMPLE_NODE]);
const node = nodes[`node${EXAMPLE_NODE}`]!;

const time: TimeFigures[] = [];
const sides = startSides({ share, node, project, libc });
for (const pages of PLAN.pages) time.push(await measureTime(sides, pages, PLAN));
for (const side of sides) await side[Symbol.asyncDispose]();

const [head, ...body] = rows(time);
const programs = [
  `deno ${Deno.version.deno}`,
  `node ${(await versionOf(node, "--version")).slice(1)}`,
  `gcc ${await versionOf("gcc", "-dumpfullversion")}`,
];
const shown = {
  "bench-native:table": table(head!, body),
  "bench-native:provenance":
    `Measured ${new Date().toISOString().slice(0, 10)} on ${navigator.hardwareConcurrency} cores of ` +
    `${processor()}, with ${programs.join(", ")}.` +
    (time.every(({ settled }) => settled) ? "" : " The rounds did not agree yet when they began to count."),
};
if (flags.has("--write")) await writeMarked(new URL("docs/performance.md", root), shown);
console.log(Object.values(shown).join("\n\n"));
