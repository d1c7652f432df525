/**
 * `deno task bench:store:daemon`: what a request to a real daemon of XenStore costs through its socket, beside a program
 * in C on Debian's libxenstore, which makes one request at a time. The daemon runs without Xen, as in
 * `deno task test:store`. All sides take turns.
 *
 * ```sh
 * deno task bench:store:daemon                       # a minute; as root on Debian
 * deno task bench:store:daemon --daemon=oxenstored   # the other daemon
 * deno task bench:store:daemon --quick --no-node     # a few short rounds, and without the npm package
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { installTools, unpackPackages } from "../../test/rig/packages.ts";
import { buildStandIn, RunningDaemon } from "../../test/store_differential/daemons/daemon.ts";
import type { Daemon } from "../../test/store_differential/differences.ts";
import { gccVersion, sentenceOf, thisRun, versionOf } from "../harness/provenance.ts";
import { buildClient } from "./build.ts";
import { measureStore, type Plan, storeReport } from "./sides.ts";

const FULL: Plan = { rounds: 31, first: 5, times: 1000, idle: 2000 };
const QUICK: Plan = { rounds: 3, first: 2, times: 200, idle: 200 };

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    node: { type: "boolean", default: true },
    daemon: { type: "string", default: "xenstored" },
  },
  allowNegative: true,
});
const plan = values.quick ? QUICK : FULL;
const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`;

const directory = await Deno.makeTempDir();
await Deno.mkdir(cache, { recursive: true });
await installTools(console.log, ["gcc"]);
const packages = await unpackPackages(cache, console.log);
const library = await buildStandIn(directory, packages);
const client = await buildClient(directory, packages);
const { nodes, project } = values.node
  ? await buildNodeProject(repository, `${repository}/.cache/bench/store`, [EXAMPLE_NODE])
  : {};
const node = nodes?.[`node${EXAMPLE_NODE}`];
const daemon = await RunningDaemon.start(values.daemon as Daemon, { packages, library });
try {
  console.log(storeReport(await measureStore({ client, node, project }, daemon.socket, plan)));
} finally {
  await daemon.stop();
  await Deno.remove(directory, { recursive: true });
}
const versions = { ...(node === undefined ? {} : { node: await versionOf(node) }), gcc: await gccVersion() };
console.log(`\n${sentenceOf(await thisRun(values.quick, versions))}`);
