/**
 * `deno task bench:store:xen`: what a request to XenStore costs in dom0 of a real Xen, in QEMU, through the daemon's
 * socket and through the kernel's device, beside a program in C on Debian's libxenstore. All sides take turns in one
 * boot, on one emulated processor.
 *
 * ```sh
 * deno task bench:store:xen    # ten minutes; as root on Debian, like test:xen
 * ```
 *
 * @module
 */
import { boot } from "../../test/rig/boot.ts";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { namesOf } from "../../test/rig/guest/runner.ts";
import { buildImages } from "../../test/rig/image.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { installTools, unpackPackages, whatIsMissing } from "../../test/rig/packages.ts";
import { judge, parseRecords } from "../../test/rig/report.ts";
import { gccVersion, sentenceOf, thisRun, versionOf } from "../harness/provenance.ts";
import { buildClient } from "./build.ts";
import { declare, figuresOf } from "./guest.ts";
import { storeReport } from "./sides.ts";

const missing = await whatIsMissing();
if (missing) throw new Error(`Cannot boot a real Xen: ${missing}`);

const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`;
await Deno.mkdir(`${cache}/logs`, { recursive: true });
await installTools(console.error);
const packages = await unpackPackages(cache, console.error);
const node = await buildNodeProject(repository, cache, [EXAMPLE_NODE]);
const folder = `${cache}/run/store-bench`;
const benchProgram = await buildClient(`${cache}/bench`, packages);
await buildImages("store-bench", { packages, repository, node, benchProgram }, folder);

const log = `${cache}/logs/store-bench.log`;
const trouble = await boot("store-bench", {}, folder, log, () => {});
await Deno.remove(folder, { recursive: true });
const text = await Deno.readTextFile(log);
const { failed, problems } = judge(text, namesOf(declare));
const faults = [...failed.map(({ name, error }) => `${name}: ${error}`), ...problems, ...(trouble ? [trouble] : [])];
if (faults.length > 0) {
  throw new Error(`Cannot measure: the run failed. The console's log is ${log}.\n${faults.join("\n")}`);
}

const details = new Map<string, string>();
for (const { record } of parseRecords(text)) {
  if (record.kind === "ok" && record.detail) details.set(record.name, record.detail);
}
for (const [name, figures] of figuresOf(details)) console.log(`${name}\n\n${storeReport(figures)}\n`);
const versions = {
  node: await versionOf(node.nodes[`node${EXAMPLE_NODE}`]!),
  gcc: await gccVersion(),
  qemu: await versionOf("qemu-system-x86_64"),
};
console.log(sentenceOf(await thisRun(false, versions)));
