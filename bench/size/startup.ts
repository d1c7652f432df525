import { exec } from "../../scripts/exec.ts";
import { median } from "../harness/rounds.ts";

/**
 * Starts the library from its sources and returns the milliseconds from its import to the first grant: the median of
 * some processes.
 *
 * @param runtime The command by which a runtime runs a script.
 */
export async function measureStartup(runtime: readonly [string, ...string[]], processes: number): Promise<number> {
  const [command, ...args] = runtime;
  const script = new URL("startup_side.ts", import.meta.url).pathname;
  const times: number[] = [];
  for (let started = 0; started < processes; started++) times.push(Number(await exec(command, [...args, script])));
  return median(times);
}
