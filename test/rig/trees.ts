/**
 * The unpacked packages of machines.
 *
 * @module
 */

import type { RanOnXen } from "../../scripts/ci/ran.ts";
import { type Machine, type MachineName, PROCESSORS, USUAL } from "./machines.ts";
import { unpackPackages, xenFile } from "./packages.ts";
import type { Run } from "./runs.ts";

/** The trees of unpacked packages, by machine. */
export type Trees = ReadonlyMap<MachineName, string>;

/** Unpacks the packages of machines, and of the usual one. */
export async function unpackAll(
  machines: readonly Machine[],
  cache: string,
  say: (text: string) => void,
): Promise<Trees> {
  const trees = new Map<MachineName, string>();
  // One after the other: they use one cache, and the usual one has tools for the others.
  for (const machine of [USUAL, ...machines]) {
    if (!trees.has(machine.name)) trees.set(machine.name, await unpackPackages(cache, say, machine));
  }
  return trees;
}

/** Returns what booted on a machine, by the names of Debian's files. */
export async function bootedOn(packages: string): Promise<{ xen: string; linux: string }> {
  const versionIn = (text: string) => /\d+\.\d+/.exec(text)![0];
  return {
    xen: versionIn((await xenFile(packages)).replace(/^.*\//, "")),
    linux: versionIn(await Deno.readTextFile(`${packages}/boot/linux-version`)),
  };
}

/** Describes a run by the machine that it was on. */
export async function onXen({ rig, machine }: Run, trees: Trees): Promise<RanOnXen> {
  const { xen, linux } = await bootedOn(trees.get(machine.name)!);
  return {
    machine: machine.name,
    system: `Xen ${xen}, Linux ${linux}`,
    processor: PROCESSORS[machine.architecture].name,
    domus: machine.domu.toUpperCase(),
    runs: [rig],
  };
}
