/**
 * `deno task bench:store`: what a request to XenStore costs on the simulated Xen, beside an awaited promise and an awaited
 * turn of the event loop, of which each answer takes one.
 *
 * ```sh
 * deno task bench:store            # half a minute
 * deno task bench:store --quick    # a few short rounds, to see that it works
 * deno task bench:store --write    # also writes the table in docs/performance.md
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { thisRun } from "../harness/provenance.ts";
import { publish } from "../harness/publish.ts";
import { measureRounds } from "../harness/rounds.ts";
import { storeReport } from "./report.ts";
import { prepareSides, type Side } from "./sides.ts";

interface Plan {
  readonly rounds: number;
  /** Rounds before, which do not count, while the engine compiles. */
  readonly first: number;
  /** How often each side works in a round. */
  readonly times: number;
}

const FULL: Plan = { rounds: 41, first: 10, times: 4000 };
const QUICK: Plan = { rounds: 3, first: 2, times: 800 };

const { values: { quick, write } } = parseArgs({
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const { rounds, first, times } = quick ? QUICK : FULL;

/** Nanoseconds to do the work once. */
async function measure({ work }: Side): Promise<number> {
  const start = performance.now();
  await work(times);
  return (performance.now() - start) * 1e6 / times;
}

const { sides, close } = await prepareSides();
await measureRounds(sides, first, measure);
const figures = await measureRounds(sides, rounds, measure);
close();
const results = sides.map(({ name }, index) => ({ name, rounds: figures[index]! }));
await publish(storeReport, { ...await thisRun(quick, {}), sides: results }, write);
