/** Runs the parts of CI. */

import { run } from "../exec.ts";
import { type Counts, countsOfPart, summary, sumOf } from "./counts.ts";
import {
  clear,
  NPM_RESULTS,
  read,
  type Results,
  SITE_RESULTS,
  STORE_RESULTS,
  TEST_RESULTS,
  XEN_RESULTS,
} from "./results.ts";

/** A task, and the results of the test runners that it starts. */
interface Part {
  readonly task: readonly string[];
  readonly results: readonly Results[];
}

/** In this order: the last part compares what docs/platforms.md claims with what the others ran. */
const PARTS: readonly Part[] = [
  { task: ["ok"], results: TEST_RESULTS },
  { task: ["test:npm"], results: NPM_RESULTS },
  { task: ["test:site"], results: SITE_RESULTS },
  { task: ["test:store"], results: STORE_RESULTS },
  { task: ["test:xen"], results: XEN_RESULTS },
  { task: ["platforms:table", "--check"], results: [] },
];

/** Runs all parts, prints how each went and how long it took, and returns the sum of their tests. */
export async function runParts(): Promise<Counts> {
  const started = performance.now();
  const lines: string[] = [];
  const counts: Counts[] = [];
  for (const { task, results } of PARTS) {
    const start = performance.now();
    await clear(results);
    const success = await runTask(task);
    const own = countsOfPart(success, await read(results));
    counts.push(own);
    lines.push(`${task.join(" ")}: ${own.failed === 0 ? "ok" : "failed"}, ${summary(own)}, ${minutes(start)}`);
  }
  console.log(["", ...lines, `total: ${minutes(started)}`].join("\n"));
  return sumOf(counts);
}

/** The time since `start`, in minutes and seconds. */
function minutes(start: number): string {
  const seconds = Math.round((performance.now() - start) / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Runs a task, prints its output, and returns whether it succeeded. */
async function runTask(task: readonly string[]): Promise<boolean> {
  console.log(`\n=== deno task ${task.join(" ")}`);
  const { success } = await run(Deno.execPath(), ["task", ...task], {
    cwd: new URL("../..", import.meta.url),
    // In CI, a test that cannot run has failed.
    env: { CI: "true", NO_COLOR: "1" },
    output: "inherit",
  });
  return success;
}
