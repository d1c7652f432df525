/**
 * Benches in dom0 of a real Xen, in QEMU.
 *
 * @module
 */
import { boot } from "../../test/rig/boot.ts";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { namesOf, type Suite } from "../../test/rig/guest/runner.ts";
import { buildImages, type Rig } from "../../test/rig/image.ts";
import { USUAL } from "../../test/rig/machines.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { installTools, unpackPackages, whatIsMissing } from "../../test/rig/packages.ts";
import { judge, type Message, parseRecords } from "../../test/rig/report.ts";
import { gccVersion, type Provenance, thisRun, versionOf } from "./provenance.ts";

/** What a bench has reported, and where it ran. */
interface XenRun {
  readonly records: readonly Message[];
  readonly provenance: Provenance;
}

/**
 * Boots a bench's machine, and waits until all its tests have reported.
 *
 * @param declare The tests, by which the bench measures.
 * @param build Compiles the bench's program in C into a folder, with the unpacked packages. Returns its path.
 * @throws {Error} if Xen cannot be booted here, or if any test failed.
 */
export async function runInXen(
  rig: Rig,
  declare: (suite: Suite) => void,
  build: (packages: string, folder: string) => Promise<string>,
): Promise<XenRun> {
  const missing = await whatIsMissing();
  if (missing) throw new Error(`Cannot boot a real Xen: ${missing}`);

  const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
  const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`;
  await Deno.mkdir(`${cache}/logs`, { recursive: true });
  await installTools(console.error);
  const packages = await unpackPackages(cache, console.error);
  const node = await buildNodeProject(repository, cache, [EXAMPLE_NODE]);
  const folder = `${cache}/run/${rig}`;
  const benchProgram = await build(packages, `${cache}/bench`);
  const sources = { machine: USUAL, packages, tools: packages, deno: Deno.execPath(), repository, node, benchProgram };
  await buildImages(rig, sources, folder);

  const log = `${cache}/logs/${rig}.log`;
  const trouble = await boot(USUAL, rig, {}, folder, log, (line) => {
    const [, noted] = /@note (.*)/.exec(line) ?? [];
    if (noted) console.error(noted.trim());
  });
  await Deno.remove(folder, { recursive: true });
  const text = await Deno.readTextFile(log);
  const { failed, problems } = judge(text, namesOf(declare));
  const faults = [...failed.map(({ name, error }) => `${name}: ${error}`), ...problems, ...(trouble ? [trouble] : [])];
  if (faults.length > 0) {
    throw new Error(`Cannot measure: the run failed. The console's log is ${log}.\n${faults.join("\n")}`);
  }
  const provenance = await thisRun(false, {
    node: await versionOf(node.nodes[`node${EXAMPLE_NODE}`]!),
    gcc: await gccVersion(),
    qemu: await versionOf("qemu-system-x86_64"),
  });
  return { records: parseRecords(text).map(({ record }) => record), provenance };
}
