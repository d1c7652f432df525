/**
 * `deno task bench:vchan`: how fast channels are, beside Debian's libxenvchan, which is linked as it comes. Two processes
 * share real memory; FIFOs stand in for the event channels of both libraries alike, so this needs no Xen. Each end has a
 * processor of its own, as domains may have, or both have one. All pairs take turns.
 *
 * ```sh
 * deno task bench:vchan                    # four minutes; on Debian, with two processors
 * deno task bench:vchan --quick            # a few short rounds, to see that it works
 * deno task bench:vchan --no-node          # leaves out Node, which needs the npm package
 * deno task bench:vchan --only="1 MiB"     # only groups whose titles have this text
 * deno task bench:vchan --write            # also writes the tables in docs/performance.md
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { installTools, unpackPackages } from "../../test/rig/packages.ts";
import { gccVersion, sentenceOf, thisRun, versionOf } from "../harness/provenance.ts";
import { publish } from "../harness/publish.ts";
import { buildDevices, buildEnd } from "./build.ts";
import { measureGroup, type Thoroughness } from "./measure.ts";
import type { Maker } from "./pair.ts";
import { groupsFor } from "./plan.ts";
import { vchanReport } from "./report.ts";
import type { GroupFigures } from "./results.ts";
import { groupText } from "./tables.ts";

const FULL: Thoroughness = { rounds: 25, first: 5, idle: 2000 };
const QUICK: Thoroughness = { rounds: 3, first: 2, idle: 200 };

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    node: { type: "boolean", default: true },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
  allowNegative: true,
});
const { quick, only } = values;
const isWhole = values.node && only === "";
if (values.write && !isWhole) throw new Error("Cannot write a part of the results: leave out --no-node and --only");
const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`;
const folder = `${repository}/.cache/bench/vchan`;

await Deno.mkdir(cache, { recursive: true });
await installTools(console.error, ["gcc"]);
const libc = await buildDevices(folder);
const program = await buildEnd(folder, await unpackPackages(cache, console.error));
const { nodes, project } = values.node ? await buildNodeProject(repository, folder, [EXAMPLE_NODE]) : {};
const node = nodes?.[`node${EXAMPLE_NODE}`];
const programs = { program, libc, node, project };

const runtimes: Maker[] = node === undefined ? ["Deno"] : ["Deno", "Node"];
const groups: GroupFigures[] = [];
for (const group of groupsFor(runtimes, quick ? 1 / 4 : 1)) {
  if (!group.title.includes(only)) continue;
  console.error(`measuring ${group.title}`);
  groups.push(await measureGroup(group, programs, quick ? QUICK : FULL));
}
const versions = { ...(node === undefined ? {} : { node: await versionOf(node) }), gcc: await gccVersion() };
const results = { ...await thisRun(quick, versions), groups };
// Figures with targets come from all groups.
if (only === "") await publish(vchanReport, results, values.write);
else console.log([...groups.map(groupText), sentenceOf(results)].join("\n\n"));
