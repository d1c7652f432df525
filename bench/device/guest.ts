/** Runs in dom0: measures the sides in interleaved rounds. Each test returns its figures as JSON, which is reported. */

import { EXAMPLE_NODE, NODE_PROJECT } from "../../test/rig/guest/child.ts";
import { note, run, type Suite } from "../../test/rig/guest/runner.ts";
import { median } from "../harness/rounds.ts";
import { HEAP, type HeapFigures, SIDES, SYSTEM_CALLS, type SystemCallFigures, TIME } from "./results.ts";
import { type Side, startSides } from "./sides.ts";
import { countSystemCalls } from "./system_calls.ts";
import { measureTime, type TimePlan } from "./time.ts";

/** How thoroughly to measure. */
interface Plan extends TimePlan {
  /** Operations during which system calls are counted. With many pages it is a fifth. */
  readonly counted: number;
}

/** The plan for figures to quote, on an idle machine. */
export const FULL: Plan = { pages: [1, 16, 256], rounds: 25, milliseconds: 50, least: 90, patience: 240, counted: 300 };

/** The plan that shows within seconds that the bench works. */
export const SMOKE: Plan = { pages: [1, 16], rounds: 3, milliseconds: 20, least: 0, patience: 0, counted: 100 };

/** From this number on, pages are many. */
const MANY = 256;
/** Operations in each round of the measurement of the heap, and the number of rounds. */
const HEAP_COUNTED = 20;
const HEAP_ROUNDS = 5;
/** How often system calls are counted. */
const SYSTEM_CALL_ROUNDS = 5;
/** Calls that an operation makes less often than this are left out. */
const RARE = 0.01;

export function declare({ test }: Suite, plan: Plan): void {
  let sides: Side[] = [];

  test("bench: all sides start", async () => {
    sides = startSides({ share: "share", node: `node${EXAMPLE_NODE}`, project: NODE_PROJECT });
    for (const side of sides) await side.request("share", 1, 1);
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
      if (allowed === 0) throw new Error("Cannot compare system calls: none of C was counted");
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

/** How often an operation makes each system call: the least of several averages, without the runtime's bursts. */
async function systemCalls(side: Side, pages: number, counted: number): Promise<Record<string, number>> {
  const times = pages < MANY ? counted : counted / 5;
  const averages: Map<string, number>[] = [];
  for (let round = 0; round < SYSTEM_CALL_ROUNDS; round++) {
    const idle = await countSystemCalls(side.pid, () => side.request("share", pages, 0));
    const busy = await countSystemCalls(side.pid, () => side.request("share", pages, times));
    averages.push(new Map([...busy].map(([call, count]) => [call, (count - (idle.get(call) ?? 0)) / times])));
  }
  const least = [...averages[0]!.keys()].map((call) =>
    [call, Math.min(...averages.map((average) => average.get(call) ?? 0))] as const
  );
  return Object.fromEntries(
    least.filter(([, count]) => count >= RARE).map(([call, count]) => [call, Number(count.toFixed(3))]),
  );
}

/** The number of calls that belong to the operation, without those that a runtime makes now and then. */
function made(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((sum, count) => sum + Math.round(count), 0);
}

/** Bytes by which V8's heap grows for an operation. */
async function heap(side: Side, pages: number): Promise<number> {
  const grown = async (times: number) => {
    const figures: number[] = [];
    // The median is one without a garbage collection.
    for (let round = 0; round < HEAP_ROUNDS; round++) figures.push(await side.request("heap", pages, times));
    return median(figures);
  };
  return Math.round((await grown(HEAP_COUNTED) - await grown(0)) / HEAP_COUNTED);
}

if (import.meta.main) await run((suite) => declare(suite, FULL));
