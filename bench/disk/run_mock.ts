/**
 * `deno task bench:disk:mock`: what a read of the example of a disk costs on the simulated Xen, where both sides are in
 * one program, beside a copy of the same bytes out of the same medium.
 *
 * ```sh
 * deno task bench:disk:mock            # a minute
 * deno task bench:disk:mock --quick    # a few short rounds, to see that it works
 * deno task bench:disk:mock --write    # also writes the tables in docs/performance.md
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { thisRun } from "../harness/provenance.ts";
import { publish } from "../harness/publish.ts";
import { measureRounds } from "../harness/rounds.ts";
import { mockDiskReport } from "./mock_report.ts";
import { type MockSide, prepareMockSides } from "./mock_sides.ts";

interface Plan {
  readonly rounds: number;
  /** Rounds before, which do not count, while the engine compiles. */
  readonly first: number;
  /** How often each side works in a round: with few bytes, and with a MiB. */
  readonly times: number;
  readonly timesLarge: number;
}

const FULL: Plan = { rounds: 31, first: 10, times: 2000, timesLarge: 64 };
const QUICK: Plan = { rounds: 3, first: 2, times: 400, timesLarge: 16 };
const LARGE = 1024 * 1024;

const { values: { quick, write } } = parseArgs({
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const { rounds, first, times, timesLarge } = quick ? QUICK : FULL;

/** Nanoseconds to do the work once. */
async function measure({ bytes, work }: MockSide): Promise<number> {
  const count = bytes < LARGE ? times : timesLarge;
  const start = performance.now();
  await work(count);
  return (performance.now() - start) * 1e6 / count;
}

const { sides, close } = await prepareMockSides();
await measureRounds(sides, first, measure);
const figures = await measureRounds(sides, rounds, measure);
await close();
const results = sides.map(({ group, name, bytes }, index) => ({ group, name, bytes, rounds: figures[index]! }));
await publish(mockDiskReport, { ...await thisRun(quick, {}), sides: results }, write);
