/** Runs in dom0: asks the kernel and this library the same, and compares what they answer. */

import { type Batch, compareBatch, FIXED } from "../../differential/batch.ts";
import { Differences } from "../../differential/differences.ts";
import { Executor } from "../../differential/executor.ts";
import { handTraces } from "../../differential/hand_traces.ts";
import { KernelMachine } from "../../differential/kernel_machine.ts";
import { LibraryMachine } from "../../differential/library_machine.ts";
import { printTrace } from "../../differential/trace.ts";
import { assertEquals } from "../../conformance/asserts.ts";
import { assertNothingGranted } from "./limit.ts";
import { note, run, type Suite } from "./runner.ts";

/**
 * How many of the pages that a peer had when they were released the kernel looks at each second, to free those that were let
 * go of. The default of 10 is fewer than the traces leave behind, and in a long run the grant table would fill.
 */
const FREE_PER_SECOND = "/sys/module/grant_table/parameters/free_per_iteration";
/** A test may take three minutes; this many steps take some seconds. */
const STEPS_A_TEST = 3000;

/** The traces that the host has asked for: on the kernel's command line, of which init makes the environment. */
export function askedFor(): Batch {
  const number = (name: string) => {
    const value = Number(Deno.env.get(name) ?? NaN);
    if (Number.isSafeInteger(value)) return value;
    throw new Error(`Cannot tell which traces to compare as the environment must have the number \`${name}\``);
  };
  return { seed: number("seed"), traces: number("traces"), steps: number("steps") };
}

/** Declares the hand-written traces, a comparison of others, and that it has met all the differences which are declared. */
export function declareFixed({ test }: Suite): void {
  const differences = new Differences();
  test("differential: the kernel answers the hand-written traces as they say", () => {
    const executor = new Executor(new KernelMachine());
    for (const { name, steps, answers } of handTraces()) {
      const kernel = steps.map((step) => executor.answer(step));
      executor.reset();
      assertEquals(printTrace(steps, kernel), printTrace(steps, answers), name);
    }
    assertNothingGranted();
  });
  declareBatches(test, "fixed", FIXED, differences);
  test("differential: every allowed difference was met", () => {
    assertEquals(differences.unmet().map(({ step }) => step), []);
  });
}

/** Declares a comparison of traces which are not the same each time. */
export function declareAsked({ test }: Suite, asked: Batch): void {
  declareBatches(test, "asked for", asked, new Differences());
}

function declareBatches(test: Suite["test"], kind: string, { seed, traces, steps }: Batch, differences: Differences) {
  const kernel = new KernelMachine();
  const together = Math.max(1, Math.floor(STEPS_A_TEST / steps));
  for (let from = 0; from < traces; from += together) {
    const end = Math.min(from + together, traces);
    test(`differential: ${kind} traces ${from + 1} to ${end}`, () => {
      Deno.writeTextFileSync(FREE_PER_SECOND, "10000");
      const started = performance.now();
      let compared = 0;
      const batch = { seed: seed + from, traces: end - from, steps };
      try {
        compareBatch(batch, kernel, () => new LibraryMachine(), differences, () => compared++);
      } finally {
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        note(`seeds ${seed + from} to ${seed + end - 1}: ${compared} answers compared in ${seconds} s`);
      }
    });
  }
}

if (import.meta.main) await run((suite) => declareAsked(suite, askedFor()));
