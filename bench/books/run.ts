/**
 * `deno task bench`: what the library costs, beside the first driver's algorithm and beside the same design in C.
 *
 * ```sh
 * deno task bench                # some minutes, in Deno and in Node 22
 * deno task bench --quick        # less than a minute: fewer pages and rounds; Deno alone, unless --node is given
 * deno task bench --no-node      # Deno alone
 * deno task bench --only=TEXT    # only the groups whose titles contain TEXT
 * deno task bench --write        # also writes docs/performance.md, the pictures, and bench/results/reference.json
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { gccVersion, thisRun } from "../harness/provenance.ts";
import { publish } from "../harness/publish.ts";
import { measureRounds } from "../harness/rounds.ts";
import { measureStartup } from "../size/startup.ts";
import { type Group, groups } from "./cases.ts";
import type { PeakFigures } from "./memory.ts";
import { FULL, QUICK } from "./plan.ts";
import { booksReport } from "./report.ts";
import type { Series } from "./results.ts";
import { findNode, NativeSide, type Runtime, ScriptSide, type Side, thisDeno } from "./sides.ts";
import { takesPart } from "./takes_part.ts";
import { buildNative } from "./variants/build.ts";

const { values: { quick, node: wantsNode, only, write } } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    node: { type: "boolean" },
    only: { type: "string" },
    write: { type: "boolean", default: false },
  },
  allowNegative: true,
});
if (only !== undefined && write) {
  throw new Error("Cannot write a part of the results. Leave out `--only` or `--write`.");
}
const plan = quick ? QUICK : FULL;
const all = groups(plan.lives, plan.pendings);
const chosen = all.filter(({ title }) => only === undefined || title.includes(only));
if (chosen.length === 0) {
  throw new Error(
    `Cannot find "${only}" in a title. The titles are ${all.map(({ title }) => `"${title}"`).join(", ")}.`,
  );
}
const SEED = 7;
const root = new URL("../../", import.meta.url);

/** The digest on which all sides agree. */
async function agree(sides: readonly Side[]): Promise<string> {
  const digests = await Promise.all(sides.map((side) => side.digest(SEED, plan.steps)));
  sides.forEach(({ name }, index) => {
    if (digests[index] !== digests[0]) {
      throw new Error(`Cannot compare: ${name} answers ${digests[index]}, and ${sides[0]!.name} ${digests[0]}`);
    }
  });
  return digests[0]!;
}

async function measureGroup({ title, cases }: Group, sides: readonly Side[]): Promise<Series[]> {
  const started = performance.now();
  const measured = cases.flatMap((one) => sides.map((side) => ({ side, case: one })));
  const rounds = await measureRounds(measured, plan.rounds, async ({ side, case: one }, round) => {
    return takesPart(side, one, round) ? await side.measure(one, plan.milliseconds) : undefined;
  });
  for (const side of sides) await side.forget();
  console.error(`${title}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return measured.map(({ side, case: one }, index) => ({ side: side.name, case: one, rounds: rounds[index]! }))
    .filter(({ rounds }) => rounds.length > 0);
}

const native = await buildNative(new URL(".cache/bench", root).pathname);
const node = wantsNode ?? !quick ? await findNode(new URL(".cache/npm", root).pathname) : undefined;
const runtimes: Runtime[] = [thisDeno(), ...(node ? [node] : [])];

await using stack = new AsyncDisposableStack();
const start = (variant: ScriptSide["variant"], runtime: Runtime) => stack.use(new ScriptSide(variant, runtime));
const books = runtimes.flatMap((runtime) => [
  start("core", runtime),
  start("leaf", runtime),
  // How slow it is does not depend on the runtime.
  ...(runtime.name === "deno" ? [start("first_driver", runtime)] : []),
]);
const machines = runtimes.flatMap((runtime) => [start("mock", runtime), start("buffers", runtime)]);
const [leaf, firstDriver] = [new NativeSide("leaf", native.leaf), new NativeSide("first_driver", native.first_driver)];
const sides: Side[] = [leaf, ...books, ...machines, firstDriver];

const answer = await agree([leaf, ...books, firstDriver]);
console.error(`All variants agree on ${answer}`);
const series: Series[] = [];
for (const group of chosen) series.push(...await measureGroup(group, sides));

const peaks: Record<string, PeakFigures> = {};
for (const machine of machines) peaks[machine.name] = await machine.peak(plan.peak);
const cores = books.filter(({ variant }) => variant === "core");
const border: Record<string, number> = {};
for (const core of cores) border[core.runtime] = await core.border(plan.milliseconds);
const startup: Record<string, number> = {};
for (const runtime of runtimes) startup[runtime.name] = await measureStartup(runtime.command, plan.starts);

await publish(booksReport, {
  ...await thisRun(quick, { ...(node ? { node: node.version } : {}), gcc: await gccVersion() }),
  digest: { answer, steps: plan.steps },
  series,
  memory: { ...await cores[0]!.memory(plan.memory), live: plan.memory },
  peaks: { pages: plan.peak, sides: peaks },
  border,
  module: (await Deno.stat(new URL("wasm/core.wasm", root))).size,
  startup,
}, write);
