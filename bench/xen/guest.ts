/** Runs in dom0: measures the sides by turns, and reports what it found as JSON, which is what each test returns. */

import { EXAMPLE_NODE, NODE_PROJECT } from "../../test/rig/guest/child.ts";
import { note, run, type Suite } from "../../test/rig/guest/runner.ts";
import { median } from "../clock.ts";
import { HEAP, type HeapFigures, SIDES, SYSTEM_CALLS, type SystemCallFigures, TIME } from "./results.ts";
import { type Side, startSides } from "./sides.ts";
import { countSystemCalls } from "./system_calls.ts";
import { measureTime, type TimePlan } from "./time.ts";

/** How thoroughly to measure. */
export interface Plan extends TimePlan {
  /** Operations of which system calls are counted: of those of many pages, a fifth. */
  readonly counted: number;
}

/** What gives figures to quote, on a machine that does nothing else. */
export const FULL: Plan = { pages: [1, 16, 256], rounds: 25, milliseconds: 50, least: 90, patience: 240, counted: 300 };

/** What shows in some seconds that the bench works: no figures to quote. */
export const SMOKE: Plan = { pages: [1, 16], rounds: 3, milliseconds: 20, least: 0, patience: 0, counted: 100 };

/** So many pages are many. */
const MANY = 256;
/** Operations of which allocations are, in each round, and the rounds. */
const HEAP_COUNTED = 20;
const HEAP_ROUNDS = 5;
/** Calls that are made less often than this, on average, are left out. */
const RARE = 0.01;

export function declare({ test }: Suite, plan: Plan): void {
  let sides: Side[] = [];

  test("bench: all sides start", async () => {
    sides = startSides({ share: "share", node: `node${EXAMPLE_NODE}`, project: NODE_PROJECT });
    for (const side of sides) await side.ask("share", 1, 1);
  });

  for (const pages of plan.pages) {
    test(`${TIME} ${pages} pages`, async () => {
      const figures = await measureTime(sides, pages, plan);
      note(
        `${pages} pages: ${SIDES.map((name) => `${name} ${median(figures.rounds[name]).toFixed(0)} µs`).join(", ")}`,
      );
      return JSON.stringify(figures);
    });
  }

  for (const pages of plan.pages) {
    test(`${SYSTEM_CALLS}, ${pages} pages`, async () => {
      const figures: SystemCallFigures[] = [];
      for (const side of sides) {
        figures.push({ side: side.name, pages, calls: await systemCalls(side, pages, plan.counted) });
      }
      const allowed = made(figures[0]!.calls);
      if (allowed === 0) throw new Error("C made no system call that was counted");
      for (const { side, calls } of figures) {
        const needed = made(calls);
        note(`${pages} pages: ${side} makes ${needed} system calls an operation: ${JSON.stringify(calls)}`);
        if (needed > allowed) throw new Error(`${side} makes ${needed} system calls for ${pages} pages, C ${allowed}`);
      }
      return JSON.stringify(figures);
    });
  }

  test(HEAP, async () => {
    const figures: HeapFigures[] = [];
    for (const side of sides.filter(({ name }) => name !== "c")) {
      for (const pages of plan.pages) figures.push({ side: side.name, pages, bytes: await heap(side, pages) });
    }
    note(figures.map(({ side, pages, bytes }) => `${side}, ${pages} pages: ${bytes} bytes`).join("; "));
    return JSON.stringify(figures);
  });

  test("bench: all sides end well", async () => {
    for (const side of sides) await side[Symbol.asyncDispose]();
  });
}

/** How often each system call is made for an operation, on average. */
async function systemCalls(side: Side, pages: number, counted: number): Promise<Record<string, number>> {
  const times = pages < MANY ? counted : counted / 5;
  const idle = await countSystemCalls(side.pid, () => side.ask("share", pages, 0));
  const busy = await countSystemCalls(side.pid, () => side.ask("share", pages, times));
  const entries = [...busy].map(([call, count]) => [call, (count - (idle.get(call) ?? 0)) / times] as const);
  return Object.fromEntries(
    entries.filter(([, count]) => count >= RARE).map(([call, count]) => [call, Number(count.toFixed(3))]),
  );
}

/** The calls that belong to the operation: not those that a runtime makes once in a while. */
function made(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((sum, count) => sum + Math.round(count), 0);
}

/** Bytes by which an operation makes V8's heap grow. */
async function heap(side: Side, pages: number): Promise<number> {
  const grown = async (times: number) => {
    const figures: number[] = [];
    // In the middle of several there is one without a garbage collection.
    for (let round = 0; round < HEAP_ROUNDS; round++) figures.push(await side.ask("heap", pages, times));
    return median(figures);
  };
  return Math.round((await grown(HEAP_COUNTED) - await grown(0)) / HEAP_COUNTED);
}

if (import.meta.main) await run((suite) => declare(suite, FULL));
