/**
 * `deno task bench:wakeups`: the time from an event to the waiter's next instruction, and what it costs to wait when
 * nothing comes. A FIFO stands in for the device, so this needs no Xen. The waiters take turns: a C program that
 * blocks in `read`, the library under Deno, and the library under Node. Sender and waiter run on a processor each, as
 * two domains do, and both on one: there, no processor has to be woken first.
 *
 * ```sh
 * deno task bench:wakeups              # a minute
 * deno task bench:wakeups --quick      # one short round, to see that it works
 * deno task bench:wakeups --no-node    # leaves out Node, which needs the npm package
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { exec } from "../../scripts/exec.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { Program } from "../../scripts/program.ts";
import { gccVersion, sentenceOf, thisRun, versionOf } from "../harness/provenance.ts";
import { measureRounds, median, ratio } from "../harness/rounds.ts";
import { short, table } from "../harness/tables.ts";

interface Plan {
  readonly rounds: number;
  readonly events: number;
  /** Milliseconds to wait for nothing. */
  readonly idle: number;
}

const FULL: Plan = { rounds: 3, events: 500, idle: 2000 };
const QUICK: Plan = { rounds: 1, events: 50, idle: 200 };
/** Microseconds between two events: long enough for a waiter to fall asleep again. */
const PAUSE = 2000;

/** Where the sender and the waiter run. */
interface Placement {
  readonly name: string;
  /** The numbers of their processors. */
  readonly sender: string;
  readonly waiter: string;
}

const PLACEMENTS: readonly Placement[] = [
  { name: "one each", sender: "0", waiter: "1" },
  { name: "one for both", sender: "1", waiter: "1" },
];

/** A program that waits for events. */
interface Waiter {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
}

/** One round of a waiter. */
interface Figures {
  /** Nanoseconds from an event to the waiter's next instruction: the median, and the 99th percentile. */
  readonly middle: number;
  readonly late: number;
  /** The share of a processor that waiting for nothing takes. */
  readonly idle: number;
}

const { values: { quick, node } } = parseArgs({
  options: { quick: { type: "boolean", default: false }, node: { type: "boolean", default: true } },
  allowNegative: true,
});
const { rounds, events, idle } = quick ? QUICK : FULL;
const here = import.meta.dirname!;

async function measure(
  { name, command, args, cwd }: Waiter,
  placement: Placement,
  wake: string,
  files: readonly string[],
): Promise<Figures> {
  const wait = [command, ...args, ...files, `${events}`, `${idle}`];
  await using program = new Program(name, "taskset", ["-c", placement.waiter, ...wait], cwd);
  if (await program.read() !== "ready") throw new Error(`Cannot measure ${name}: it is not ready`);
  await exec("taskset", ["-c", placement.sender, wake, "send", ...files, `${events}`, `${PAUSE}`]);
  const latencies: number[] = JSON.parse(await program.read());
  const worked = Number(await program.read());
  const late = latencies.toSorted((left, right) => left - right)[Math.floor(latencies.length * 0.99)]!;
  return { middle: median(latencies), late, idle: worked / (idle * 1000) };
}

const directory = await Deno.makeTempDir();
try {
  const [wake, fifo, acknowledgments, stamp] = ["wake", "fifo", "acknowledgments", "stamp"].map((name) =>
    `${directory}/${name}`
  ) as [string, string, string, string];
  await exec("gcc", ["-O2", "-Wall", "-Wextra", "-o", wake, `${here}/wake.c`]);
  await exec("mkfifo", [fifo, acknowledgments]);
  await Deno.writeFile(stamp, new Uint8Array(8));

  const program = `${here}/waiter.ts`;
  const backend = new URL("../../backends/deno.ts", import.meta.url).href;
  const waiters: Waiter[] = [
    { name: "C, in read()", command: wake, args: ["wait"] },
    { name: "Deno", command: Deno.execPath(), args: ["run", "-A", program, backend, "denoDomain"] },
  ];
  const versions: Record<string, string> = {};
  if (node) {
    const repository = Deno.realPathSync(`${here}/../..`);
    const { nodes, project } = await buildNodeProject(repository, `${repository}/.cache/wakeups`, ["22"]);
    await Deno.copyFile(program, `${project}/waiter.ts`);
    const args = ["--no-warnings", "waiter.ts", "@gntalloc/gntalloc/node", "nodeDomain"];
    waiters.push({ name: "Node", command: nodes.node22!, args, cwd: project });
    versions.node = await versionOf(nodes.node22!);
  }

  const sides = PLACEMENTS.flatMap((placement) => waiters.map((waiter) => ({ waiter, placement })));
  const figures = await measureRounds(
    sides,
    rounds,
    ({ waiter, placement }) => measure(waiter, placement, wake, [fifo, acknowledgments, stamp]),
  );
  const of = (side: number, key: keyof Figures) => figures[side]!.map((round) => round[key]);
  console.log(table(
    ["processors", "waiter", "median, µs", "99th percentile, µs", "÷ C", "processor while idle, %"],
    sides.map(({ waiter, placement }, side) => [
      placement.name,
      waiter.name,
      short(median(of(side, "middle")) / 1000),
      short(median(of(side, "late")) / 1000),
      short(ratio(of(side, "middle"), of(side - side % waiters.length, "middle"))),
      (100 * median(of(side, "idle"))).toFixed(2),
    ]),
  ));
  console.log(`\n${sentenceOf(await thisRun(quick, { ...versions, gcc: await gccVersion() }))}`);
} finally {
  await Deno.remove(directory, { recursive: true });
}
