/**
 * What the library costs, beside the algorithm of the first driver and beside the same design in C, in interleaved rounds.
 *
 * ```sh
 * deno task bench            # some minutes; Deno, and Node 22 if npx can get it
 * deno task bench --quick    # less than a minute, fewer pages
 * deno task bench --no-node
 * deno task bench --only=whole   # only the groups whose titles have this in them
 * deno task bench --write    # also docs/performance.md, its picture, README.md and bench/results/reference.json
 * ```
 *
 * Trust the ratios, not the nanoseconds: each round runs every side of a group of cases once, one after the other, and a
 * ratio is the median of the ratios of the rounds.
 *
 * @module
 */
import { writeMarked } from "../scripts/marked.ts";
import { buildNative } from "./baseline/build.ts";
import { type Group, groups, isOfBooks } from "./cases.ts";
import { processor, versionOf } from "./machine.ts";
import type { PeakFigures } from "./memory.ts";
import { picture } from "./picture.ts";
import type { Results, Series } from "./results.ts";
import { findNode, NativeSide, type Runtime, ScriptSide, type Side, thisDeno } from "./sides.ts";
import { measureStartup } from "./startup.ts";
import { groupTables, otherTable, provenance, targetTable } from "./tables.ts";

const root = new URL("../", import.meta.url);
const ONLY = "--only=";
const only = Deno.args.find((argument) => argument.startsWith(ONLY))?.slice(ONLY.length);
const flags = new Set(Deno.args.filter((argument) => !argument.startsWith(ONLY)));
const quick = flags.has("--quick");
for (const flag of flags) {
  if (!["--quick", "--node", "--no-node", "--write"].includes(flag)) {
    throw new Error(`Cannot run the bench with ${flag}: there are --quick, --node, --no-node, --only=TEXT and --write`);
  }
}
if (only !== undefined && flags.has("--write")) {
  throw new Error("Cannot write what was measured of some groups only: leave out --only or --write");
}

const SETTINGS = quick
  ? {
    rounds: 3,
    milliseconds: 4,
    lives: [100, 10_000],
    pendings: [0, 1000],
    steps: 1000,
    memory: 100_000,
    peak: 10_000,
    starts: 3,
  }
  : {
    rounds: 9,
    milliseconds: 20,
    lives: [100, 1000, 10_000, 100_000, 1_000_000],
    pendings: [0, 1000, 100_000],
    steps: 5000,
    memory: 1_000_000,
    peak: 100_000,
    starts: 9,
  };
const all = groups(SETTINGS.lives, SETTINGS.pendings);
const chosen = all.filter(({ title }) => only === undefined || title.includes(only));
if (chosen.length === 0) {
  throw new Error(`Cannot measure "${only}" alone: there are ${all.map(({ title }) => `"${title}"`).join(", ")}`);
}
const SEED = 7;
/** With more live pages than this, the founding algorithm is measured in the first rounds alone, and in C alone. */
const SLOW_LIVE = 1000;
const SLOW_ROUNDS = 3;
/** With more live pages than this, all sides are measured in the first rounds alone, as to prepare them takes seconds. */
const LARGE = 100_000;
const LARGE_ROUNDS = 5;

function say(words: string): void {
  console.error(words);
}

/** The digest on which all sides agree. */
async function agree(sides: readonly Side[]): Promise<string> {
  const digests = await Promise.all(sides.map((side) => side.digest(SEED, SETTINGS.steps)));
  sides.forEach(({ name }, index) => {
    if (digests[index] !== digests[0]) {
      throw new Error(`Cannot compare: ${name} answers ${digests[index]}, and ${sides[0]!.name} ${digests[0]}`);
    }
  });
  return digests[0]!;
}

/** Whether a side measures a case in a round: what takes minutes, or is known without being measured, is left out. */
function takesPart({ name }: Side, { workload, live, pending }: Group["cases"][number], round: number): boolean {
  const ofBooks = isOfBooks(workload);
  const size = live + pending;
  if (size > LARGE && round >= LARGE_ROUNDS) return false;
  if (name.startsWith("mock")) return !ofBooks;
  // A million buffers would be measured, not the way.
  if (name.startsWith("buffers")) return !ofBooks && size <= 10_000;
  if (!ofBooks && name.startsWith("core")) return pending === 0;
  if (!ofBooks && !name.endsWith("/c")) return false;
  // In C the books are scattered anew each time.
  if (name === "leaf/c" && workload === "random" && size > LARGE) return round < SLOW_ROUNDS;
  if (!name.startsWith("founding")) return true;
  if (name !== "founding/c" && size > SLOW_LIVE) return false;
  if ((workload === "punch" || workload === "random") && size > LARGE) return false;
  return size <= SLOW_LIVE || round < SLOW_ROUNDS;
}

/** Measures the cases of a group in interleaved rounds. */
async function measureGroup({ title, cases }: Group, sides: readonly Side[]): Promise<Series[]> {
  const started = performance.now();
  const series = cases.flatMap((one) => sides.map((side) => ({ side, case: one, rounds: [] as number[] })));
  for (let round = 0; round < SETTINGS.rounds; round++) {
    for (const { side, case: one, rounds } of series) {
      if (takesPart(side, one, round)) rounds.push(await side.measure(one, SETTINGS.milliseconds));
    }
  }
  for (const side of sides) await side.forget();
  say(`${title}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return series.filter(({ rounds }) => rounds.length > 0).map(({ side, ...rest }) => ({ side: side.name, ...rest }));
}

const native = await buildNative(new URL(".cache/bench", root).pathname);
const node = flags.has("--no-node") || (quick && !flags.has("--node")) ? undefined : await findNode();
const runtimes: Runtime[] = [thisDeno(), ...(node ? [node] : [])];

await using stack = new AsyncDisposableStack();
const scripts = runtimes.flatMap((runtime) =>
  (["core", "leaf", "founding", "mock", "buffers"] as const).filter((variant) =>
    // How slow it is does not depend on the runtime.
    variant !== "founding" || runtime.name === "deno"
  ).map((variant) => stack.use(new ScriptSide(variant, runtime)))
);
const sides: Side[] = [new NativeSide("leaf", native.leaf), ...scripts, new NativeSide("founding", native.founding)];

const digest = await agree(sides.filter(({ name }) => !name.startsWith("mock") && !name.startsWith("buffers")));
say(`All variants agree on ${digest}`);
const series: Series[] = [];
for (const group of chosen) series.push(...await measureGroup(group, sides));

const peaks: Record<string, PeakFigures> = {};
for (const side of scripts) {
  if (side.name.startsWith("mock") || side.name.startsWith("buffers")) {
    peaks[side.name] = await side.peak(SETTINGS.peak);
  }
}
const cores = scripts.filter(({ name }) => name.startsWith("core"));
const border: Record<string, number> = {};
for (const side of cores) border[side.name.slice("core/".length)] = await side.border(SETTINGS.milliseconds);
const results: Results = {
  date: new Date().toISOString(),
  mode: quick ? "quick" : "full",
  machine: { processor: processor(), cores: navigator.hardwareConcurrency },
  versions: {
    ...Object.fromEntries(runtimes.map(({ name, version }) => [name, version])),
    gcc: await versionOf("gcc", "-dumpfullversion"),
  },
  digest: { answer: digest, steps: SETTINGS.steps },
  series,
  memory: { ...await cores[0]!.memory(SETTINGS.memory), live: SETTINGS.memory },
  peaks: { pages: SETTINGS.peak, sides: peaks },
  border,
  module: (await Deno.stat(new URL("wasm/core.wasm", root))).size,
  startup: Object.fromEntries(
    await Promise.all(runtimes.map(async (runtime) => [runtime.name, await measureStartup(runtime, SETTINGS.starts)])),
  ),
};

await Deno.mkdir(new URL("bench/results", root), { recursive: true });
const json = JSON.stringify(results, null, 1) + "\n";
await Deno.writeTextFile(new URL("bench/results/latest.json", root), json);
await Deno.writeTextFile(new URL("bench/results/latest.svg", root), picture(results));
if (flags.has("--write")) {
  await Deno.writeTextFile(new URL("bench/results/reference.json", root), json);
  await Deno.writeTextFile(new URL("docs/performance.svg", root), picture(results));
  const texts = {
    "bench:targets": targetTable(results),
    "bench:groups": groupTables(results),
    "bench:others": otherTable(results),
    "bench:provenance": provenance(results),
  };
  for (const document of ["docs/performance.md", "README.md"]) {
    await writeMarked(new URL(document, root), texts);
  }
}
console.log([groupTables(results), otherTable(results), targetTable(results), provenance(results)].join("\n\n"));
