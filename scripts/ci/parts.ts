/** The parts of the whole test, and how each went. */

import { type Counts, countsIn, countsOfPart, summary, sumOf } from "./counts.ts";

/** Tasks, in order: the last one compares what the README claims with what the others ran. */
const PARTS = [
  { task: ["ok"], hasTests: true },
  { task: ["test:npm"], hasTests: true },
  { task: ["test:xen"], hasTests: true },
  { task: ["readme:table", "--check"], hasTests: false },
];

/** Runs all parts and says how long each took; returns what became of their tests. */
export async function runParts(): Promise<Counts> {
  const started = performance.now();
  const said: string[] = [];
  const counts: Counts[] = [];
  for (const { task, hasTests } of PARTS) {
    const start = performance.now();
    const { success, printed } = await runTask(task);
    const own = countsOfPart(success, countsIn(printed), hasTests);
    counts.push(own);
    said.push(`${task.join(" ")}: ${own.failed === 0 ? "ok" : "failed"}, ${summary(own)}, ${minutes(start)}`);
  }
  console.log(["", ...said, `all of it: ${minutes(started)}`].join("\n"));
  return sumOf(counts);
}

/** The time since, in minutes and seconds. */
function minutes(start: number): string {
  const seconds = Math.round((performance.now() - start) / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Runs a task: what it prints is passed on, and kept. */
async function runTask(args: readonly string[]): Promise<{ success: boolean; printed: string }> {
  console.log(`\n=== deno task ${args.join(" ")}`);
  const task = new Deno.Command(Deno.execPath(), {
    args: ["task", ...args],
    cwd: new URL("../..", import.meta.url),
    // Under CI, what cannot be tested is a failure.
    env: { CI: "true", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const decoder = new TextDecoder();
  let printed = "";
  for await (const bytes of task.stdout) {
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
    printed += decoder.decode(bytes, { stream: true });
  }
  return { success: (await task.status).success, printed };
}
