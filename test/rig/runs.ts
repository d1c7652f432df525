/**
 * What `deno task test:xen` runs where: a run is a rig, which is a set of tests, on a machine.
 *
 * @module
 */

import type { Rig as AnyRig } from "./image.ts";
import { type Machine, MACHINE_NAMES, type MachineName, machineNamed, USUAL } from "./machines.ts";

/** The benches boot their own rigs: see `run_xen.ts` in folders of `bench/`. */
export type Rig = Exclude<AnyRig, "bench" | "store-bench" | "disk-bench">;

/** A rig on a machine. */
export interface Run {
  readonly rig: Rig;
  readonly machine: Machine;
}

/** All rigs. */
export const RIGS: readonly Rig[] = [
  "loopback",
  "node",
  "litmus",
  "domu",
  "differential",
  "pvh",
  "hvm",
  "suspend",
  "store",
  "oxenstore",
  "vchan",
  "cli",
  "disk",
];

/** The machines of the rigs that do not run on the usual one. */
const MACHINE_OF: Partial<Record<Rig, MachineName>> = {
  pvh: "bookworm-pvh",
  hvm: "bookworm-hvm",
  cli: "bookworm-pvh",
};

/** Returns a rig on a machine, by default on its usual one. */
export function runOf(rig: Rig, machine: MachineName = MACHINE_OF[rig] ?? USUAL.name): Run {
  return { rig, machine: machineNamed(machine) };
}

/** Returns the name of a run, which is that of its rig on the rig's usual machine. */
export function nameOf({ rig, machine }: Run): string {
  return machine.name === runOf(rig).machine.name ? rig : `${rig}@${machine.name}`;
}

/** The runs of `deno task test:xen`, the longest first: so all processors are busy to the end. */
export const WHOLE: readonly Run[] = [
  runOf("domu"),
  runOf("vchan"),
  runOf("domu", "bookworm-pvh"),
  runOf("disk"),
  runOf("node"),
  runOf("oxenstore"),
  runOf("loopback"),
  runOf("cli"),
  runOf("store"),
  runOf("loopback", "bookworm-arm64"),
  runOf("loopback", "trixie-pv"),
];

/** The runs of `deno task test:xen --matrix`. */
export const MATRIX: readonly Run[] = [
  ...WHOLE,
  runOf("differential"),
  runOf("pvh"),
  runOf("hvm"),
  runOf("suspend"),
  runOf("vchan", "bookworm-pvh"),
  runOf("litmus", "bookworm-arm64"),
  runOf("differential", "trixie-pv"),
  runOf("domu", "trixie-pv"),
  runOf("domu", "trixie-pvh"),
  runOf("differential", "bookworm-arm64"),
  runOf("node", "bookworm-arm64"),
  runOf("domu", "bookworm-arm64"),
  runOf("loopback", "trixie-arm64"),
  runOf("differential", "trixie-arm64"),
  runOf("node", "trixie-arm64"),
  runOf("domu", "trixie-arm64"),
  runOf("loopback", "sid-pv"),
  runOf("differential", "sid-pv"),
];

/** Returns the runs of the matrix on a machine. */
export function runsOn(name: MachineName): Run[] {
  return MATRIX.filter(({ machine }) => machine.name === name);
}

/** Returns the rig with a name. */
export function rigNamed(name: string): Rig {
  return oneOf(RIGS, "--only", name);
}

/** Returns the name of a machine, if it is one. */
export function asMachineName(name: string): MachineName {
  return oneOf(MACHINE_NAMES, "--machine", name);
}

function oneOf<T extends string>(all: readonly T[], option: string, name: string): T {
  const found = all.find((each) => each === name);
  if (found === undefined) throw new Error(`${option} must be one of ${all.join(", ")}: current value is ${name}`);
  return found;
}
