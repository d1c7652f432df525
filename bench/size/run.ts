/**
 * `deno task bench:size`: how large the npm package is, how large a program is that uses the simulated Xen alone,
 * and how long the first grant takes. All of it is measured on the packed tarball, installed into a project.
 *
 * ```sh
 * deno task bench:size            # prints the table
 * deno task bench:size --quick    # starts each program three times, to see that it works
 * deno task bench:size --write    # also writes docs/performance.md and bench/results/reference.size.json
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { buildNpm } from "../../scripts/build_npm.ts";
import { exec } from "../../scripts/exec.ts";
import { esbuild, sizeOf, vite } from "../../scripts/npm/bundles.ts";
import { NODES } from "../../scripts/npm/node_lines.ts";
import { installPackage, installTools } from "../../scripts/npm/projects.ts";
import { thisRun, versionOf } from "../harness/provenance.ts";
import { publish } from "../harness/publish.ts";
import { measureRounds } from "../harness/rounds.ts";
import { sizeReport, type SizeResults, type StartFigures } from "./report.ts";

const { values: { quick, write } } = parseArgs({
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const ROUNDS = quick ? 3 : 25;

const cache = `${Deno.realPathSync(`${import.meta.dirname}/../..`)}/.cache/npm`;
const project = `${cache}/size_project`;
const tarball = await buildNpm(cache);
const tools = await installTools(cache);
await installPackage(project, tarball, { programs: `${import.meta.dirname}/programs` });

const bundles: Record<string, SizeResults["bundles"][string]> = {};
for (const [bundler, bundle] of Object.entries({ esbuild, Vite: vite })) {
  // Throws if code of a device backend is in the bundle.
  bundles[bundler] = await sizeOf(await bundle(tools, project, "app.ts"));
}

/** A runtime, and the command by which it runs a script. */
interface Runtime {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const runtimes: Runtime[] = [
  {
    name: `Deno ${Deno.version.deno.split(".", 2).join(".")}`,
    command: [Deno.execPath(), "run", "--no-prompt", "--allow-read"],
  },
  ...NODES.map((line): Runtime => ({ name: `Node ${line}`, command: [tools.node[line]] })),
];

/** Starts the program, and returns the milliseconds that it prints and those of the whole process. */
async function start({ command: [program, ...args] }: Runtime, what: "empty" | "grant"): Promise<[number, number]> {
  const started = performance.now();
  const printed = await exec(program, [...args, "start.ts", what], { cwd: project, env: { NODE_NO_WARNINGS: "1" } });
  return [Number(printed), performance.now() - started];
}

const measure = async (runtime: Runtime) => {
  const [empty, wholeEmpty] = await start(runtime, "empty");
  const [grant, wholeGrant] = await start(runtime, "grant");
  return { empty, wholeEmpty, grant, wholeGrant };
};
// The first round only fills caches.
await measureRounds(runtimes, 1, measure);
const figures = await measureRounds(runtimes, ROUNDS, measure);
const starts = runtimes.map(({ name }, index): StartFigures => {
  const all = (key: keyof Awaited<ReturnType<typeof measure>>) => figures[index]!.map((round) => round[key]);
  const [grant, empty, wholeGrant, wholeEmpty] = [all("grant"), all("empty"), all("wholeGrant"), all("wholeEmpty")];
  return { runtime: name, grant, empty, wholeGrant, wholeEmpty };
});

const nodes = await Promise.all(NODES.map((line) => versionOf(tools.node[line])));
const versions = { node: new Intl.ListFormat("en").format(nodes) };
const packed = (await Deno.stat(tarball)).size;
await publish(sizeReport, { ...await thisRun(quick, versions), packed, bundles, starts }, write);
