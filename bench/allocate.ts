/**
 * What it costs to allocate and free pages on the simulated machine, against how many pages are live. Rounds of all cases are
 * interleaved by the harness' tasks in one process; trust the ratios, not the nanoseconds.
 *
 * ```sh
 * deno task bench
 * ```
 */
import { Bench } from "tinybench";
import { MockXen } from "../backends/mock.ts";
import { GrantDevice } from "../mod.ts";

const LIVE = [100, 10_000, 1_000_000];
const RUNS = [1, 16, 256];
const ROUNDS = 5;
/** Pages that are allocated and freed between two readings of the clock, which is coarse. */
const PAGES_TIMED = 2560;

/** The middle one of some numbers. */
function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

/** A case: an allocator with pages that stay, in which pages are allocated and freed. */
const cases = RUNS.flatMap((pages) =>
  LIVE.map((live) => {
    const xen = new MockXen({ tableFrames: 65_536, limit: Infinity });
    const allocator = new GrantDevice(xen.domain(1).grantBackend()).open();
    for (let done = 0; done < live; done += 100) allocator.allocate(0, { pages: 100 });
    const times: number[] = [];
    return { pages, live, allocator, times };
  })
);

for (let round = 0; round < ROUNDS; round++) {
  const bench = new Bench({ time: 100, warmupTime: round === 0 ? 100 : 0 });
  for (const { pages, live, allocator } of cases) {
    bench.add(`${pages} of ${live}`, () => {
      for (let done = 0; done < PAGES_TIMED; done += pages) allocator.allocate(0, { pages }).free();
    });
  }
  await bench.run();
  bench.tasks.forEach(({ result }, index) => {
    if (result.state !== "completed") throw new Error(`${bench.tasks[index]!.name}: ${result.state}`);
    cases[index]!.times.push(result.latency.p50);
  });
}

console.log(`allocate and free, median of ${ROUNDS} interleaved rounds`);
console.table(
  cases.map(({ pages, live, times }) => {
    const first = cases.find((other) => other.pages === pages)!;
    return {
      pages,
      live,
      "ns a page": Math.round(median(times) * 1e6 / PAGES_TIMED),
      [`× ${LIVE[0]} live`]: Number((median(times) / median(first.times)).toFixed(2)),
    };
  }),
);
