/**
 * The targets of the library, as ratios within one run, and whether they are met.
 *
 * @module
 */
import { pagesText } from "../harness/tables.ts";
import type { Verdict } from "../harness/targets.ts";
import { type Case, LIVE_BESIDE_PENDING, type Workload } from "./cases.ts";
import { find, ratioOf, type Results } from "./results.ts";

function one(workload: Workload, pages: number, live: number, pending = 0): Case {
  return { workload, pages, live, pending };
}

/** All figures that have a target. */
export function verdicts(results: Results): Verdict[] {
  const runtimes = ["deno", "node"].filter((runtime) => results.versions[runtime] !== undefined);
  const all: Verdict[] = [];
  const compare = (figure: string, target: number, left: [string, Case], right: [string, Case], atLeast = false) => {
    for (const runtime of runtimes) {
      const series = ([side, case_]: [string, Case]) => find(results, side.replace("*", runtime), case_);
      all.push({ figure, runtime, target, atLeast, measured: ratioOf(series(left), series(right)) });
    }
  };

  const lifo = (live: number, pages = 1) => one("lifo", pages, live);
  compare("core ÷ same design in C, 1 page", 1.8, ["core/*", lifo(100)], ["leaf/c", lifo(100)]);
  compare("core ÷ same design in C, 256 pages", 1.3, ["core/*", lifo(100, 256)], ["leaf/c", lifo(100, 256)]);
  compare("core, 10⁶ ÷ 10² live pages", 1.1, ["core/*", lifo(1e6)], ["core/*", lifo(100)]);
  for (const [live, least] of [[1e3, 250], [1e4, 2500], [1e5, 40_000], [1e6, 500_000]] as const) {
    const figure = `first driver's algorithm in C ÷ core, 10${"⁰¹²³⁴⁵⁶"[Math.log10(live)]} live pages`;
    compare(figure, least, ["first_driver/c", lifo(live)], ["core/*", lifo(live)], true);
  }
  const beside = LIVE_BESIDE_PENDING;
  compare("core, 10⁵ ÷ 0 pending pages", 1.03, ["core/*", one("lifo", 1, beside, 1e5)], ["core/*", lifo(beside)]);
  compare("end to end, 10⁵ ÷ 0 pending pages", 1.03, ["mock/*", one("share", 1, beside, 1e5)], [
    "mock/*",
    one("share", 1, beside),
  ]);
  for (const [pages, most] of [[1, 1.6], [256, 1.05]] as const) {
    for (const [title, workload] of [["end to end", "share"], ["end to end with a peer", "peer"]] as const) {
      const figure = `${title} ÷ same work in C, ${pagesText(pages)}`;
      compare(figure, most, ["mock/*", one(workload, pages, 100)], ["leaf/c", one(workload, pages, 100)]);
    }
  }
  compare("end to end, 10⁶ ÷ 10² live pages", 1.25, ["mock/*", one("share", 1, 1e6)], ["mock/*", one("share", 1, 100)]);

  const { dense, scattered, live } = results.memory;
  const enough = live >= 1e5;
  const alone = (figure: string, target: number, measured: number | undefined) =>
    all.push({ figure, runtime: "both", target, atLeast: false, measured });
  alone("core, bytes per grant, dense", 6, enough ? dense : undefined);
  alone("core, bytes per grant, after random replacement", 22, enough ? scattered : undefined);
  alone("core module, bytes", 8192, results.module);
  return all;
}
