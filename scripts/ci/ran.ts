/** What ran where: kept by the tests that ran it, read by the table of platforms and by CI. */

import type { Counts } from "./counts.ts";

/** What pages come from: a simulated Xen, the device of one domain, or the devices of two domains. */
export type Machine = "mock" | "device" | "domains";

/** A place where all tests for a machine passed. */
export interface Ran {
  /** A runtime or a bundle, such as `Node 24`. */
  readonly where: string;
  readonly machine: Machine;
}

/** What passed on a Xen of its own. */
export interface RanOnXen {
  /** The machine's name, as `--machine` takes it. */
  readonly machine: string;
  /** What booted there, such as `Xen 4.17, Linux 6.1`. */
  readonly system: string;
  /** Its processor. */
  readonly processor: string;
  /** The type of its domUs. */
  readonly domus: string;
  /** The runs of which all tests passed, as `--only` takes them. */
  readonly runs: readonly string[];
}

/** What one task ran. */
export interface Run {
  readonly task: "test:npm" | "test:xen";
  /** The system it ran on, such as `x86_64-unknown-linux-gnu`, with the Xen and the Linux that it booted. */
  readonly system: string;
  readonly ran: readonly Ran[];
  /** What passed on which Xen. Only `test:xen` has it. */
  readonly xens?: readonly RanOnXen[];
  readonly counts: Counts;
}

/** The tasks that keep what they ran. */
export const TASKS: readonly Run["task"][] = ["test:npm", "test:xen"];

/** The file for what `deno task test:xen --matrix` ran, or any run that was named. */
export const matrixFile: URL = new URL("../../.cache/ran/test_xen_matrix.json", import.meta.url);

/** The folder for results of tests. */
export const folder = new URL("../../.cache/ran/", import.meta.url);

/** The file for what a task ran. */
export function runFile(task: Run["task"]): URL {
  return new URL(`${task.replace(":", "_")}.json`, folder);
}

/** Removes what a task kept, so that a run that breaks off claims nothing. */
export async function forget(task: Run["task"]): Promise<void> {
  await Deno.remove(runFile(task)).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** Keeps what a task ran. */
export async function keep(run: Run): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(runFile(run.task), `${JSON.stringify(run, null, 2)}\n`);
}

/** Returns what the last run of a task kept. */
export async function lastRun(task: Run["task"]): Promise<Run> {
  try {
    return JSON.parse(await Deno.readTextFile(runFile(task)));
  } catch (cause) {
    throw new Error(`Cannot read what ${task} ran: no whole run is kept. Run \`deno task ${task}\`.`, { cause });
  }
}

/** Returns what passed on each Xen, in any run since the file was made. */
export async function matrix(): Promise<readonly RanOnXen[]> {
  try {
    return JSON.parse(await Deno.readTextFile(matrixFile));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return [];
  }
}

/**
 * Adds what passed on a Xen to the matrix.
 *
 * @param failed The runs that did not pass. The matrix claims them no longer.
 */
export async function addToMatrix(ran: readonly RanOnXen[], failed: readonly RanOnXen[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(matrixFile, `${JSON.stringify(merged(await matrix(), ran, failed), null, 2)}\n`);
}

/** Merges results: on another system, those of before count no longer. */
export function merged(
  before: readonly RanOnXen[],
  ran: readonly RanOnXen[],
  failed: readonly RanOnXen[],
): readonly RanOnXen[] {
  const machines = new Map(before.map((one) => [one.machine, one]));
  for (const one of [...ran, ...failed]) {
    const known = machines.get(one.machine);
    const isSame = known?.system === one.system;
    const kept = (isSame ? known.runs : []).filter((run) => !one.runs.includes(run));
    const added = ran.includes(one) ? one.runs : [];
    machines.set(one.machine, { ...one, runs: [...kept, ...added].sort() });
  }
  return [...machines.values()].filter(({ runs }) => runs.length > 0)
    .sort((one, other) => one.machine < other.machine ? -1 : 1);
}

/** Returns results without the runs that others have. */
export function without(results: readonly RanOnXen[], others: readonly RanOnXen[]): readonly RanOnXen[] {
  const isElsewhere = (machine: string, run: string) =>
    others.some((other) => other.machine === machine && other.runs.includes(run));
  return results.map((one) => ({ ...one, runs: one.runs.filter((run) => !isElsewhere(one.machine, run)) }))
    .filter(({ runs }) => runs.length > 0);
}
