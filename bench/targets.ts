/**
 * What the library is to reach, as ratios in one run, and whether it did.
 *
 * @module
 */
import { type Case, LIVE_BESIDE_PENDING, type Workload } from "./cases.ts";
import { find, ratio, type Results } from "./results.ts";

/** One figure, held against its target. */
export interface Verdict {
  readonly figure: string;
  readonly runtime: string;
  readonly target: number;
  /** Whether it is to be at least the target, not at most. */
  readonly atLeast: boolean;
  /** Undefined if it was not measured in this run. */
  readonly measured: number | undefined;
}

/** Whether a figure reached its target. */
export function reached({ target, atLeast, measured }: Verdict): boolean | undefined {
  if (measured === undefined) return undefined;
  return atLeast ? measured >= target : measured <= target;
}

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
      all.push({ figure, runtime, target, atLeast, measured: ratio(series(left), series(right)) });
    }
  };

  const lifo = (live: number) => one("lifo", 1, live);
  compare("core ÷ same design in C, 1 page", 1.8, ["core/*", lifo(100)], ["leaf/c", lifo(100)]);
  compare("core ÷ same design in C, 256 pages", 1.3, ["core/*", one("lifo", 256, 100)], [
    "leaf/c",
    one("lifo", 256, 100),
  ]);
  compare("core, 10⁶ ÷ 10² live, last in first out", 1.1, ["core/*", lifo(1e6)], ["core/*", lifo(100)]);
  for (const [live, least] of [[1e3, 250], [1e4, 2500], [1e5, 40_000], [1e6, 500_000]] as const) {
    const figure = `founding algorithm in C ÷ core, 10${"⁰¹²³⁴⁵⁶"[Math.log10(live)]} live`;
    compare(figure, least, ["founding/c", lifo(live)], ["core/*", lifo(live)], true);
  }
  const beside = LIVE_BESIDE_PENDING;
  compare("core, 10⁵ ÷ 0 pending", 1.03, ["core/*", one("lifo", 1, beside, 1e5)], ["core/*", lifo(beside)]);
  compare("whole way, 10⁵ ÷ 0 pending", 1.03, ["mock/*", one("share", 1, beside, 1e5)], [
    "mock/*",
    one("share", 1, beside),
  ]);
  for (const [pages, most] of [[1, 1.6], [256, 1.05]] as const) {
    const figure = `whole way ÷ same work in C, ${pages} ${pages === 1 ? "page" : "pages"}`;
    compare(figure, most, ["mock/*", one("share", pages, 100)], ["leaf/c", one("share", pages, 100)]);
    compare(figure.replace("way", "way with a peer"), most, ["mock/*", one("peer", pages, 100)], [
      "leaf/c",
      one("peer", pages, 100),
    ]);
  }
  compare("whole way, 10⁶ ÷ 10² live", 1.25, ["mock/*", one("share", 1, 1e6)], ["mock/*", one("share", 1, 100)]);

  const { dense, scattered, live } = results.memory;
  const enough = live >= 1e5;
  const alone = (figure: string, target: number, measured: number | undefined) =>
    all.push({ figure, runtime: "both", target, atLeast: false, measured });
  alone("core, bytes a grant, dense", 6, enough ? dense : undefined);
  alone("core, bytes a grant, after random replacement", 22, enough ? scattered : undefined);
  alone("core module, bytes", 8192, results.module);
  return all;
}
