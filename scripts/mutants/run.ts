/**
 * `deno task test:mutants`: changes the shipped sources in small ways, one at a time, in a copy of the repository, and
 * runs the tests on each. A change that no test notices points at a missing test, or at code that makes no difference.
 *
 * ```sh
 * deno task test:mutants                               # 100 mutants, another sample each time
 * deno task test:mutants --count=40 --seed=7 --only=src/grants
 * ```
 *
 * The same seed draws the same mutants from the same sources. Mutants in `test/mutants/equivalent.json` are skipped.
 */
import { parseArgs } from "node:util";
import { Random } from "../../test/support/random.ts";
import { isEquivalent, readEquivalents } from "./equivalent.ts";
import { type Mutant, mutantsOf } from "./operators.ts";
import { isSource, repositoryFiles, ROOT } from "./sources.ts";
import { Workspace } from "./workspace.ts";

/** More tests at once slow each other down, until the time limits are reached. */
const JOBS = Math.min(2, navigator.hardwareConcurrency);

function wholeNumber(name: string, value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  console.error(`Cannot try mutants as --${name} must be a whole number: current value is ${value}`);
  Deno.exit(2);
}

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    only: { type: "string", default: "" },
  },
});
const count = wholeNumber("count", values.count);
const seed = wholeNumber("seed", values.seed);

const files = await repositoryFiles();
const equivalents = await readEquivalents();
const candidates: Mutant[] = [];
for (const file of files.filter((file) => isSource(file) && file.startsWith(values.only))) {
  const text = await Deno.readTextFile(new URL(file, ROOT));
  candidates.push(...mutantsOf(file, text).filter((mutant) => !isEquivalent(mutant, equivalents)));
}
if (candidates.length === 0) {
  console.error(
    `Cannot try mutants as --only must begin the path of a shipped source: current value is ${values.only}`,
  );
  Deno.exit(2);
}

const random = new Random(seed);
for (let last = candidates.length - 1; last > 0; last--) {
  const other = random.between(0, last);
  [candidates[last], candidates[other]] = [candidates[other]!, candidates[last]!];
}
console.log(`${Math.min(count, candidates.length)} of ${candidates.length} mutants, seed ${seed}`);

const start = performance.now();
const tally = { tried: 0, caught: 0, survived: 0, discarded: 0 };
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => stop.abort());
const baselines = new Map<string, Promise<number>>();

async function work(): Promise<void> {
  const workspace = await Workspace.create(files, baselines, stop.signal);
  try {
    while (tally.tried < count && candidates.length > 0 && !stop.signal.aborted) {
      tally.tried++;
      const mutant = candidates.pop()!;
      const verdict = await workspace.try(mutant);
      let word = "SURVIVED";
      if (verdict === "survived") {
        tally.survived++;
      } else if (verdict === "does not compile") {
        // Another one is tried in its place.
        tally.tried--;
        tally.discarded++;
        word = verdict;
      } else {
        tally.caught++;
        word = `caught by ${verdict.caughtBy}`;
      }
      console.log(
        `${mutant.file}:${mutant.line} ${mutant.operator}: ${word}\n    ${mutant.before}\n    ${mutant.after}`,
      );
    }
  } catch (error) {
    if (stop.signal.aborted) return;
    stop.abort();
    throw error;
  } finally {
    await workspace.remove();
  }
}

// All of them end before this process does, so that their copies are removed.
const ends = await Promise.allSettled(Array.from({ length: JOBS }, work));
for (const end of ends) if (end.status === "rejected") throw end.reason;
const tried = tally.caught + tally.survived;
const share = (100 * tally.caught / Math.max(1, tried)).toFixed(1);
const minutes = ((performance.now() - start) / 60_000).toFixed(1);
console.log(
  `seed ${seed}: ${tally.caught} of ${tried} mutants were caught (${share} %), ${tally.survived} survived, ` +
    `${tally.discarded} did not compile; ${minutes} minutes`,
);
// The listeners would keep this process alive.
Deno.exit(stop.signal.aborted ? 130 : tally.survived > 0 ? 1 : 0);
