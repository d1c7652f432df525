/**
 * `deno task bench:xen`: what it costs to share pages on the real device, beside C with Debian's libxengnttab. All
 * sides run in interleaved rounds in one boot of a real Xen, in QEMU.
 *
 * ```sh
 * deno task bench:xen            # up to a quarter of an hour; as root on Debian, like test:xen
 * deno task bench:xen --write    # also writes docs/performance.md and bench/results/reference.xen.json
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { boot } from "../../test/rig/boot.ts";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { namesOf } from "../../test/rig/guest/runner.ts";
import { buildImages } from "../../test/rig/image.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { installTools, unpackPackages, whatIsMissing } from "../../test/rig/packages.ts";
import { judge, parseRecords } from "../../test/rig/report.ts";
import { gccVersion, thisRun, versionOf } from "../harness/provenance.ts";
import { publish } from "../harness/publish.ts";
import { buildShare } from "./build.ts";
import { declare, FULL } from "./guest.ts";
import { xenReport } from "./reports.ts";
import { resultsOf } from "./results.ts";

const { values: { write } } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const missing = await whatIsMissing();
if (missing) throw new Error(`Cannot boot a real Xen: ${missing}`);

const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`;
await Deno.mkdir(`${cache}/logs`, { recursive: true });
await installTools(console.error);
const packages = await unpackPackages(cache, console.error);
const node = await buildNodeProject(repository, cache, [EXAMPLE_NODE]);
const folder = `${cache}/run/bench`;
await buildImages(
  "bench",
  { packages, repository, node, benchProgram: await buildShare(packages, `${cache}/bench`) },
  folder,
);

const log = `${cache}/logs/bench.log`;
const trouble = await boot("bench", {}, folder, log, (line) => {
  const [, noted] = /@note (.*)/.exec(line) ?? [];
  if (noted) console.error(noted.trim());
});
await Deno.remove(folder, { recursive: true });
const text = await Deno.readTextFile(log);
const { failed, problems } = judge(text, namesOf((suite) => declare(suite, FULL)));
const faults = [...failed.map(({ name, error }) => `${name}: ${error}`), ...problems, ...(trouble ? [trouble] : [])];
if (faults.length > 0) {
  throw new Error(`Cannot measure: the run failed. The console's log is ${log}.\n${faults.join("\n")}`);
}

const provenance = await thisRun(false, {
  node: await versionOf(node.nodes[`node${EXAMPLE_NODE}`]!),
  gcc: await gccVersion(),
  qemu: await versionOf("qemu-system-x86_64"),
});
await publish(xenReport, resultsOf(parseRecords(text).map(({ record }) => record), provenance), write);
