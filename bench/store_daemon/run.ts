/**
 * `deno task bench:store:daemon`: what a request to a real daemon of XenStore costs through its socket, beside a program
 * in C on Debian's libxenstore, which makes one request at a time. The daemon runs without Xen, as in
 * `deno task test:store`. All sides take turns.
 *
 * ```sh
 * deno task bench:store:daemon                       # a minute; as root on Debian
 * deno task bench:store:daemon --daemon=oxenstored   # the other daemon
 * deno task bench:store:daemon --quick --no-node     # a few short rounds, and without the npm package
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { exec } from "../../scripts/exec.ts";
import { Program } from "../../scripts/program.ts";
import { EXAMPLE_NODE } from "../../test/rig/guest/child.ts";
import { buildNodeProject } from "../../test/rig/node_project.ts";
import { installTools, unpackPackages } from "../../test/rig/packages.ts";
import { buildStandIn, RunningDaemon } from "../../test/store_differential/daemons/daemon.ts";
import type { Daemon } from "../../test/store_differential/differences.ts";
import { gccVersion, sentenceOf, thisRun, versionOf } from "../harness/provenance.ts";
import { measureRounds, median, ratio } from "../harness/rounds.ts";
import { short, table } from "../harness/tables.ts";

interface Plan {
  readonly rounds: number;
  /** Rounds before, which do not count, while the engines compile. */
  readonly first: number;
  /** How often each side reads or writes in a round. */
  readonly times: number;
  /** Milliseconds to wait for nothing. */
  readonly idle: number;
}

/** One program, and what it does. */
interface Side {
  readonly name: string;
  readonly program: Program;
  readonly request: string;
}

const FULL: Plan = { rounds: 31, first: 5, times: 1000, idle: 2000 };
const QUICK: Plan = { rounds: 3, first: 2, times: 200, idle: 200 };
const IN_FLIGHT = 16;
const WATCHES = 100;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    node: { type: "boolean", default: true },
    daemon: { type: "string", default: "xenstored" },
  },
  allowNegative: true,
});
const plan = values.quick ? QUICK : FULL;
const here = import.meta.dirname!;
const repository = Deno.realPathSync(`${here}/../..`);
const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`;

/** Compiles the program in C. */
async function buildClient(folder: string, packages: string): Promise<string> {
  const libraries = `${packages}/usr/lib/x86_64-linux-gnu`;
  await exec("gcc", [
    ...["-O2", "-Wall", "-Wextra", "-Werror", "-I", `${packages}/usr/include`, "-L", libraries],
    ...[`-Wl,-rpath,${libraries},-rpath-link,${libraries}`, "-o", `${folder}/client`, `${here}/client.c`, "-lxenstore"],
  ]);
  return `${folder}/client`;
}

const directory = await Deno.makeTempDir();
await Deno.mkdir(cache, { recursive: true });
await installTools(console.log, ["gcc"]);
const packages = await unpackPackages(cache, console.log);
const library = await buildStandIn(directory, packages);
const daemon = await RunningDaemon.start(values.daemon as Daemon, { packages, library });
const programs: Program[] = [];
try {
  const versions: Record<string, string> = {};
  const start = async (name: string, command: string, args: readonly string[], cwd?: string) => {
    const program = new Program(name, command, args, cwd);
    programs.push(program);
    if (await program.read() !== "ready") throw new Error(`Cannot measure ${name}: it is not ready`);
    return program;
  };
  const c = await start("C", "env", [`XENSTORED_PATH=${daemon.socket}`, await buildClient(directory, packages)]);
  const source = (path: string) => new URL(`../../${path}`, import.meta.url).href;
  const kinds = [{
    name: "Deno",
    start: (inFlight: number, watches: number) =>
      start("Deno", Deno.execPath(), [
        ...["run", "-A", `${here}/client.ts`, source("backends/deno.ts"), "denoDomain", source("src/xenstore/mod.ts")],
        ...[daemon.socket, `${inFlight}`, `${watches}`],
      ]),
  }];
  if (values.node) {
    const { nodes, project } = await buildNodeProject(repository, `${repository}/.cache/bench/store`, [EXAMPLE_NODE]);
    await Deno.copyFile(`${here}/client.ts`, `${project}/client.ts`);
    const node = nodes[`node${EXAMPLE_NODE}`]!;
    versions.node = await versionOf(node);
    kinds.push({
      name: "Node",
      start: (inFlight: number, watches: number) =>
        start("Node", node, [
          ...["--no-warnings", "client.ts", "@gntalloc/gntalloc/node", "nodeDomain", "@gntalloc/gntalloc/xenstore"],
          ...[daemon.socket, `${inFlight}`, `${watches}`],
        ], project),
    });
  }
  const sides: Side[] = [];
  const add = (name: string, program: Program) => {
    for (const what of ["read", "write"]) sides.push({ name: `${what}, ${name}`, program, request: what });
  };
  add("C", c);
  const idle: [name: string, program: Program][] = [];
  for (const { name, start } of kinds) {
    add(`${name}, 1 in flight`, await start(1, 0));
    add(`${name}, ${IN_FLIGHT} in flight`, await start(IN_FLIGHT, 0));
    const watching = await start(1, WATCHES);
    add(`${name}, 1 in flight, ${WATCHES} idle watches`, watching);
    idle.push([name, watching]);
  }

  const measure = async ({ program, request }: Side) => Number(await program.ask(`${request} ${plan.times}`));
  await measureRounds(sides, plan.first, measure);
  const figures = await measureRounds(sides, plan.rounds, measure);
  console.log(table(
    ["request", "median, µs", "÷ C"],
    sides.map(({ name, request }, side) => [
      name,
      short(median(figures[side]!) / 1000),
      // Those of C are the first two.
      short(ratio(figures[side]!, figures[request === "read" ? 0 : 1]!)),
    ]),
  ));
  for (const [name, program] of idle) {
    const share = Number(await program.ask(`idle ${plan.idle}`)) / (plan.idle * 1000);
    console.log(`\n${name} with ${WATCHES} idle watches takes ${(100 * share).toFixed(2)} % of a processor.`);
  }
  console.log(`\n${sentenceOf(await thisRun(values.quick, { ...versions, gcc: await gccVersion() }))}`);
} finally {
  for (const program of programs) await program.kill().catch(() => {});
  await daemon.stop();
  await Deno.remove(directory, { recursive: true });
}
