/**
 * How large the npm package is, what a program pays that uses the simulated machine alone, and how long the first grant takes.
 * All of it from the packed tarball, installed into a project.
 *
 * ```sh
 * deno task bench:size           # prints the table
 * deno task bench:size --write   # also puts it into the README
 * ```
 *
 * Each round starts all programs once, one after the other: a ratio is the median of the ratios of the rounds.
 *
 * @module
 */
import { buildNpm } from "../scripts/build_npm.ts";
import { exec } from "../scripts/exec.ts";
import { writeMarked } from "../scripts/marked.ts";
import { esbuild, sizeOf, vite } from "../test/npm/bundles.ts";
import { installPackage, installTools, NODES } from "../test/npm/projects.ts";
import { median } from "./clock.ts";

const ROUNDS = 25;

const root = Deno.realPathSync(`${import.meta.dirname}/..`);
const cache = `${root}/.cache/npm`;
const project = `${cache}/size_project`;
const tarball = await buildNpm(cache);
const tools = await installTools(cache);
await installPackage(project, tarball);

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`;

const rows: [string, string][] = [["the package, packed", kilobytes((await Deno.stat(tarball)).size)]];
for (const [name, bundle] of Object.entries({ esbuild, Vite: vite })) {
  // Throws where code of a device backend is in it.
  const { bytes, gzipped } = await sizeOf(await bundle(tools, project, "app.ts"));
  rows.push([
    `a program on the simulated machine, bundled by ${name}`,
    `${kilobytes(bytes)}, ${kilobytes(gzipped)} gzipped`,
  ]);
}

const runtimes: Record<string, string[]> = {
  [`Deno ${Deno.version.deno.split(".", 2).join(".")}`]: [Deno.execPath(), "run", "--no-prompt", "--allow-read"],
  ...Object.fromEntries(NODES.map((line) => [`Node ${line}`, [tools.node[line]]])),
};
/** Milliseconds, of each round: from the import on, as the program says, and of the whole process. */
const measured = Object.keys(runtimes).map((name) => ({
  name,
  grant: [] as number[],
  empty: [] as number[],
  wholeGrant: [] as number[],
  wholeEmpty: [] as number[],
}));
// The first round fills caches, and counts for nothing.
for (let round = -1; round < ROUNDS; round++) {
  for (const { name, grant, empty, wholeGrant, wholeEmpty } of measured) {
    for (const [what, own, whole] of [["empty", empty, wholeEmpty], ["grant", grant, wholeGrant]] as const) {
      const [program, ...args] = runtimes[name]!;
      const start = performance.now();
      const said = await exec(program!, [...args, "start.ts", what], { cwd: project });
      const took = performance.now() - start;
      if (round < 0) continue;
      own.push(Number(said));
      whole.push(took);
    }
  }
}
for (const { name, grant, empty, wholeGrant, wholeEmpty } of measured) {
  const ratio = (some: number[], others: number[]) =>
    median(some.map((time, round) => time / others[round]!)).toFixed(1);
  rows.push([
    `from import to the first grant, ${name}`,
    `${median(grant).toFixed(0)} ms, ${ratio(grant, empty)} times an empty import; the whole process ${
      ratio(wholeGrant, wholeEmpty)
    } times`,
  ]);
}

const table = [["what", "figure"], ["---", "---"], ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
console.log(table);
if (Deno.args.includes("--write")) {
  await writeMarked(new URL("../README.md", import.meta.url), { size: table });
}
