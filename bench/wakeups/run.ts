/**
 * `deno task bench:wakeups`: from an event to the waiter's next instruction, and what it costs to wait for nothing. A FIFO stands in
 * for the device, so that no Xen is needed: a C program that blocks in `read`, the library under Deno, and the library under Node take
 * turns. `--no-node` leaves Node out, which takes the npm package.
 *
 * @module
 */

import { buildNodeProject } from "../../test/rig/node_project.ts";
import { median } from "../clock.ts";

const EVENTS = 500;
const ROUNDS = 3;
/** Between two events, in microseconds: long enough for whoever waits to sleep again. */
const PAUSE = 2000;
/** How long nothing comes, in milliseconds. */
const IDLE = 2000;

const here = import.meta.dirname!;

async function exec(command: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(command, { args, stdout: "inherit", stderr: "inherit" }).output();
  if (!success) throw new Error(`Cannot measure as ${command} must succeed`);
}

interface Waiter {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
}

/** Nanoseconds from each event, and the share of a processor while nothing came. */
async function measure({ command, args, cwd }: Waiter, wake: string, files: readonly string[]) {
  const waiter = new Deno.Command(command, {
    args: [...args, ...files, `${EVENTS}`, `${IDLE}`],
    ...(cwd === undefined ? {} : { cwd }),
    stdout: "piped",
  }).spawn();
  const lines = waiter.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`Cannot measure as ${command} must wait: it ended`);
    said += value;
  }
  await exec(wake, "send", ...files, `${EVENTS}`, `${PAUSE}`);
  for (let part = await lines.read(); !part.done; part = await lines.read()) said += part.value;
  await waiter.status;
  const [, latencies, worked] = said.split("\n");
  return { latencies: JSON.parse(latencies!) as number[], idle: Number(worked) / (IDLE * 1000) };
}

const directory = await Deno.makeTempDir();
try {
  const [wake, fifo, acknowledgments, stamp] = ["wake", "fifo", "acknowledgments", "stamp"].map((name) =>
    `${directory}/${name}`
  ) as [string, string, string, string];
  await exec("gcc", "-O2", "-Wall", "-Wextra", "-o", wake, `${here}/wake.c`);
  await exec("mkfifo", fifo, acknowledgments);
  await Deno.writeFile(stamp, new Uint8Array(8));

  const program = `${here}/waiter.ts`;
  const waiters: Record<string, Waiter> = {
    "C, in read()": { command: wake, args: ["wait"] },
    "Deno": {
      command: Deno.execPath(),
      args: ["run", "-A", program, new URL("../../backends/deno.ts", import.meta.url).href, "denoEventBackend"],
    },
  };
  if (!Deno.args.includes("--no-node")) {
    const repository = `${here}/../..`;
    const { nodes, project } = await buildNodeProject(repository, `${repository}/.cache/wakeups`, ["22"]);
    await Deno.copyFile(program, `${project}/waiter.ts`);
    waiters.Node = {
      command: nodes.node22!,
      args: ["--no-warnings", "waiter.ts", "@gntalloc/gntalloc/node", "nodeEventBackend"],
      cwd: project,
    };
  }

  const rounds: Record<string, { middle: number; late: number; idle: number }[]> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, waiter] of Object.entries(waiters)) {
      const { latencies, idle } = await measure(waiter, wake, [fifo, acknowledgments, stamp]);
      const sorted = latencies.toSorted((left, right) => left - right);
      (rounds[name] ??= []).push({ middle: median(sorted), late: sorted[Math.floor(sorted.length * 0.99)]!, idle });
    }
  }
  const first = median(rounds["C, in read()"]!.map(({ middle }) => middle));
  console.log("waiter        | median µs | 99 % µs | times C | idle, % of a processor");
  for (const [name, figures] of Object.entries(rounds)) {
    const [middle, late, idle] = (["middle", "late", "idle"] as const).map((key) => median(figures.map((f) => f[key])));
    const cells = [middle! / 1000, late! / 1000, middle! / first].map((figure) => figure.toFixed(1));
    console.log([name.padEnd(13), ...cells, (100 * idle!).toFixed(2)].join(" | "));
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}
