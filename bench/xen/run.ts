/**
 * What sharing pages costs on the real device, beside C with Debian's libxengnttab: all in one boot of a real Xen, in QEMU, by
 * turns.
 *
 * ```sh
 * deno task bench:xen            # up to a quarter of an hour; as root on Debian, like test:xen
 * deno task bench:xen --write    # also docs/performance.md and bench/results/reference.xen.json
 * ```
 *
 * @module
 */
import { writeMarked } from "../../scripts/marked.ts";
import { boot } from "../../test/rig/boot.ts";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { namesOf } from "../../test/rig/guest/runner.ts";
import { buildImages } from "../../test/rig/image.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { installTools, unpackPackages, whatIsMissing } from "../../test/rig/packages.ts";
import { judge, parseRecords } from "../../test/rig/report.ts";
import { processor, versionOf } from "../machine.ts";
import { table } from "../tables.ts";
import { buildShare } from "./build.ts";
import { declare, FULL } from "./guest.ts";
import { resultsOf } from "./results.ts";
import { provenance, rows } from "./table.ts";

const root = new URL("../../", import.meta.url);
const flags = new Set(Deno.args);
for (const flag of flags) {
  if (flag !== "--write") throw new Error(`Cannot run the bench with ${flag}: there is --write`);
}
const missing = await whatIsMissing();
if (missing) throw new Error(`Cannot boot a real Xen: ${missing}`);

const repository = Deno.realPathSync(root);
const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`;
await Deno.mkdir(`${cache}/logs`, { recursive: true });
await installTools(console.error);
const packages = await unpackPackages(cache, console.error);
const node = await buildNodeProject(repository, cache, [EXAMPLE_NODE]);
const folder = `${cache}/run/bench`;
await buildImages("bench", { packages, repository, node, share: await buildShare(packages, `${cache}/bench`) }, folder);

const log = `${cache}/logs/bench.log`;
const trouble = await boot("bench", {}, folder, log, (line) => {
  const [, noted] = /@note (.*)/.exec(line) ?? [];
  if (noted) console.error(noted.trim());
});
await Deno.remove(folder, { recursive: true });
const text = await Deno.readTextFile(log);
const { failed, problems } = judge(text, namesOf((suite) => declare(suite, FULL)));
const faults = [...failed.map(({ name, error }) => `${name}: ${error}`), ...problems, ...(trouble ? [trouble] : [])];
if (faults.length > 0) throw new Error(`Cannot say what it costs; the console's log is ${log}:\n${faults.join("\n")}`);

const results = resultsOf(parseRecords(text).map(({ record }) => record), {
  date: new Date().toISOString(),
  machine: { processor: processor(), cores: navigator.hardwareConcurrency },
  versions: {
    deno: Deno.version.deno,
    node: (await versionOf(node.nodes[`node${EXAMPLE_NODE}`]!, "--version")).slice(1),
    gcc: await versionOf("gcc", "-dumpfullversion"),
    qemu: /\d+(\.\d+)+/.exec(await versionOf("qemu-system-x86_64", "--version"))![0],
  },
});
await Deno.mkdir(new URL("bench/results", root), { recursive: true });
const json = JSON.stringify(results, null, 1) + "\n";
await Deno.writeTextFile(new URL("bench/results/latest.xen.json", root), json);
const [head, ...body] = rows(results);
const shown = { "bench-xen:table": table(head!, body), "bench-xen:provenance": provenance(results) };
if (flags.has("--write")) {
  await Deno.writeTextFile(new URL("bench/results/reference.xen.json", root), json);
  await writeMarked(new URL("docs/performance.md", root), shown);
}
console.log(Object.values(shown).join("\n\n"));
