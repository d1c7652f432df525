/** Makes what an image needs to run the npm packages on Node: Node, and a project with the packages installed. */

import { buildCli, buildNpm } from "../../scripts/build_npm.ts";
import { type Machine, PROCESSORS, USUAL } from "./machines.ts";
import type { NodeLine } from "../../scripts/npm/node_lines.ts";
import { installNode, installPackage, KOFFI } from "../../scripts/npm/projects.ts";

/** The paths of Node by their names in a guest, and the project that they run. */
export interface NodeProject {
  nodes: Record<string, string>;
  project: string;
}

/** The programs of benches. They use the package, too. */
const BENCH = ["device/side.ts", "device/node_side.ts", "store_daemon/client.ts", "vchan/end.ts"];
/** Programs that run on Node as on Deno. They import only types from this repository. */
const GUEST_PROGRAMS = [
  ...["exits_node.ts", "exits_program.ts", "peer_node.ts", "peer_program.ts", "talk.ts"],
  ...["vchan/content.ts", "vchan/streams.ts", "vchan/verbs.ts"],
];

/** Programs that import the example of a disk, and each other, by the same paths as in this repository. */
const DISK_PROGRAMS = [
  "bench/disk/side.ts",

  "examples/block",
  "test/rig/guest/disk/content.ts",
  "test/rig/guest/disk/user.ts",
  "test/rig/guest/disk/user_node.ts",
];
/** What they import of the library, and the subpath of the package in its place. */
const IN_PLACE = { "mod.ts": "", "src/pv/mod.ts": "/pv" };

/** The projects that this process has made, or is making, by their folders. */
const made = new Map<string, Promise<void>>();

/** Makes the project in a cache folder, with some release lines of Node, which `test:npm` uses, too. */
export async function buildNodeProject(
  repository: string,
  cache: string,
  lines: readonly NodeLine[],
  machine: Machine = USUAL,
): Promise<NodeProject> {
  const processor = PROCESSORS[machine.architecture].npm;
  const nodes: Record<string, string> = {};
  for (const line of lines) nodes[`node${line}`] = await installNode(`${repository}/.cache/npm`, line, processor);
  const project = `${cache}/node/project-${processor}`;
  if (!made.has(project)) made.set(project, makeProject(repository, `${cache}/node`, project, processor));
  await made.get(project);
  return { nodes, project };
}

async function makeProject(repository: string, folder: string, project: string, processor: string): Promise<void> {
  await installPackage(project, await buildNpm(folder), {
    packages: [KOFFI, await buildCli(folder)],
    processor,
    programs: `${repository}/test/npm/programs`,
  });
  for (const path of BENCH) await Deno.copyFile(`${repository}/bench/${path}`, `${project}/${path.split("/").at(-1)}`);
  await Deno.mkdir(`${project}/vchan`, { recursive: true });
  for (const name of GUEST_PROGRAMS) await Deno.copyFile(`${import.meta.dirname}/guest/${name}`, `${project}/${name}`);
  for (const path of DISK_PROGRAMS) await copyInto(project, repository, path);
  for (const [path, subpath] of Object.entries(IN_PLACE)) {
    await Deno.mkdir(`${project}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${project}/${path}`, `export * from "@gntalloc/gntalloc${subpath}";\n`);
  }
  // The image takes only files, and npm's folder of commands has links.
  await Deno.remove(`${project}/node_modules/.bin`, { recursive: true }).catch(() => {});
}

/** Copies a file, or a folder of files, to the same path. */
async function copyInto(project: string, repository: string, path: string): Promise<void> {
  const isFolder = (await Deno.stat(`${repository}/${path}`)).isDirectory;
  await Deno.mkdir(isFolder ? `${project}/${path}` : `${project}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
  const names = isFolder
    ? (await Array.fromAsync(Deno.readDir(`${repository}/${path}`))).map(({ name }) => `/${name}`)
    : [""];
  for (const name of names) await Deno.copyFile(`${repository}/${path}${name}`, `${project}/${path}${name}`);
}
