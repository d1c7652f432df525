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

/** What one task ran. */
export interface Run {
  readonly task: "test:npm" | "test:xen";
  /** The system it ran on, such as `x86_64-unknown-linux-gnu`, with the Xen and the Linux that it booted. */
  readonly system: string;
  readonly ran: readonly Ran[];
  readonly counts: Counts;
}

/** The tasks that keep what they ran. */
export const TASKS: readonly Run["task"][] = ["test:npm", "test:xen"];

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
