/**
 * `deno task bench:native`: what the library adds to the calls that share pages, at the full speed of this processor.
 * The stand-in for the device (`stand_in/device.c`) maps and unmaps real memory and grants nothing, so this needs
 * neither Xen nor emulation. The sides are those of `bench:xen`.
 *
 * ```sh
 * deno task bench:native            # less than a minute
 * deno task bench:native --quick    # a few seconds, to see that it works
 * deno task bench:native --write    # also writes docs/performance.md and bench/results/reference.native.json
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { gccVersion, thisRun, versionOf } from "../harness/provenance.ts";
import { publish } from "../harness/publish.ts";
import { buildStandIn } from "./build.ts";
import { nativeReport } from "./reports.ts";
import type { TimeFigures } from "./results.ts";
import { startSides } from "./sides.ts";
import { measureTime, type TimePlan } from "./time.ts";

const FULL: TimePlan = { pages: [1, 16, 256], rounds: 30, milliseconds: 20, least: 3, patience: 20 };
const QUICK: TimePlan = { pages: [1, 16], rounds: 5, milliseconds: 10, least: 0, patience: 1 };

const { values: { quick, write } } = parseArgs({
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const plan = quick ? QUICK : FULL;
const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const directory = `${repository}/.cache/bench/native`;
const { libc, share } = await buildStandIn(directory);
const { nodes, project } = await buildNodeProject(repository, directory, [EXAMPLE_NODE]);
const node = nodes[`node${EXAMPLE_NODE}`]!;

const time: TimeFigures[] = [];
const sides = startSides({ share, node, project, libc });
for (const pages of plan.pages) time.push(await measureTime(sides, pages, plan));
for (const side of sides) await side[Symbol.asyncDispose]();

const provenance = await thisRun(quick, { node: await versionOf(node), gcc: await gccVersion() });
await publish(nativeReport, { ...provenance, time }, write);
