/** What ran where: written by the tests that ran it, read by whoever says so in the README. */

/** Where pages come from: the simulated machine, the device of one domain, or those of two domains that share. */
export type Machine = "mock" | "device" | "domains";

/** A runtime on which tests of the library passed, all of those that there are for this machine. */
export interface Ran {
  readonly where: string;
  readonly machine: Machine;
}

/** What one task ran. */
export interface Run {
  readonly task: "test:npm" | "test:xen";
  /** The machine that it ran on, such as `x86_64-unknown-linux-gnu`, and the Xen and the Linux that it booted. */
  readonly system: string;
  readonly ran: readonly Ran[];
}

/** The tasks that say what runs where. */
export const TASKS: readonly Run["task"][] = ["test:npm", "test:xen"];

const folder = new URL("../../.cache/ran/", import.meta.url);
const file = (task: Run["task"]) => new URL(`${task.replace(":", "_")}.json`, folder);

/** Forgets what a task ran before: a run that breaks off has shown nothing. */
export async function forget(task: Run["task"]): Promise<void> {
  await Deno.remove(file(task)).catch(() => {});
}

/** Keeps what a task ran. */
export async function keep(run: Run): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(file(run.task), `${JSON.stringify(run, null, 2)}\n`);
}

/** What the last run of a task kept. */
export async function lastRun(task: Run["task"]): Promise<Run> {
  try {
    return JSON.parse(await Deno.readTextFile(file(task)));
  } catch (cause) {
    throw new Error(`Cannot say what runs where as nothing is kept of a whole run: run \`deno task ${task}\``, {
      cause,
    });
  }
}
