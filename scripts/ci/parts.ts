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

/** Parts that run one after the other. */
type Lane = readonly Part[];

/**
 * Stages, one after the other, of lanes that run side by side. The emulated machines of `test:xen` and the tests of the
 * package both leave processors idle. The last stage compares what docs/platforms.md claims with what the others ran.
 */
const STAGES: readonly (readonly [Lane, ...Lane[]])[] = [
  [[{ task: ["ok"], results: TEST_RESULTS }]],
  [[{ task: ["test:xen"], results: XEN_RESULTS }], [
    { task: ["test:npm"], results: NPM_RESULTS },
    { task: ["test:site"], results: SITE_RESULTS },
    { task: ["test:store"], results: STORE_RESULTS },
  ]],
  [[{ task: ["platforms:table", "--check"], results: [] }]],
];

/** How a part went. */
interface Outcome {
  readonly counts: Counts;
  readonly line: string;
}

/** Runs all parts, prints how each went and how long it took, and returns the sum of their tests. */
export async function runParts(): Promise<Counts> {
  const started = performance.now();
  const outcomes: Outcome[] = [];
  for (const [first, ...others] of STAGES) {
    const lanes = [runLane(first, printing), ...others.map((lane) => runLane(lane, printingNamed))];
    outcomes.push(...(await Promise.all(lanes)).flat());
  }
  console.log(["", ...outcomes.map(({ line }) => line), `total: ${minutes(started)}`].join("\n"));
  return sumOf(outcomes.map(({ counts }) => counts));
}

async function runLane(lane: Lane, runTask: (task: readonly string[]) => Promise<boolean>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { task, results } of lane) {
    const start = performance.now();
    const counts = await countsOf(results, () => runTask(task)).catch((error) => {
      // Other lanes go on.
      console.error(`${task.join(" ")}: ${error.message}`);
      return countsOfPart(false, []);
    });
    const line = `${task.join(" ")}: ${counts.failed === 0 ? "ok" : "failed"}, ${summary(counts)}, ${minutes(start)}`;
    outcomes.push({ counts, line });
  }
  return outcomes;
}

async function countsOf(results: readonly Results[], runTask: () => Promise<boolean>): Promise<Counts> {
  await clear(results);
  return countsOfPart(await runTask(), await read(results));
}

/** The time since `start`, in minutes and seconds. */
function minutes(start: number): string {
  const seconds = Math.round((performance.now() - start) / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Runs a task, prints its output meanwhile, and returns whether it succeeded. */
async function printing(task: readonly string[]): Promise<boolean> {
  console.log(titleOf(task));
  const { success } = await run(Deno.execPath(), ["task", ...task], { ...OPTIONS, output: "inherit" });
  return success;
}

/** Runs a task, prints its output meanwhile with the task's name before each line, and returns whether it succeeded. */
async function printingNamed(task: readonly string[]): Promise<boolean> {
  console.log(titleOf(task));
  // One pipe for both outputs, as their order tells what belongs together.
  const command = ['"$@" 2>&1', "sh", Deno.execPath(), "task", ...task];
  const process = new Deno.Command("sh", { ...OPTIONS, args: ["-c", ...command], stdin: "null", stdout: "piped" })
    .spawn();
  let unfinished = "";
  const printed = process.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(text) {
        const lines = (unfinished + text).split("\n");
        unfinished = lines.pop()!;
        for (const line of lines) console.log(`${task.join(" ")} | ${line}`);
      },
    }),
  );
  const { success } = await process.status;
  // What outlives the task may hold the pipe.
  await Promise.race([printed, new Promise((resolve) => setTimeout(resolve, DRAIN_MILLISECONDS))]);
  if (unfinished !== "") console.log(`${task.join(" ")} | ${unfinished}`);
  return success;
}

function titleOf(task: readonly string[]): string {
  return `\n=== deno task ${task.join(" ")}`;
}

/** How long the last output of a task may take after its end. */
const DRAIN_MILLISECONDS = 5000;

/** In CI, a test that cannot run has failed. */
const OPTIONS = { cwd: new URL("../..", import.meta.url), env: { CI: "true", NO_COLOR: "1" } };
