/** Runs in dom0: plays the same traces on the kernel and on this library, and compares the answers. */

import { type Batch, compareBatch, FIXED } from "../../differential/batch.ts";
import { Differences } from "../../differential/differences.ts";
import { Executor } from "../../differential/executor.ts";
import { handTraces } from "../../differential/hand_traces.ts";
import { KernelMachine } from "../../differential/kernel_machine.ts";
import { LibraryMachine } from "../../differential/library_machine.ts";
import { printTrace } from "../../differential/trace.ts";
import { assertEquals } from "../../conformance/asserts.ts";
import { assertNothingGranted, unsignedLimit } from "./limit.ts";
import { note, run, type Suite } from "./runner.ts";

/**
 * The number of pages that the kernel checks each second, of those that a peer mapped when they were freed, to free
 * those that are unmapped by now. The default of 10 is fewer than the traces leave behind: in a long run the grant
 * table would fill up.
 */
const FREE_PER_SECOND = "/sys/module/grant_table/parameters/free_per_iteration";
/** The steps of one test: they take some seconds, and a test has four minutes. */
const STEPS_A_TEST = 3000;

/**
 * Reads which traces the host has asked for. They are on the kernel's command line, which init turns into the
 * environment.
 */
export function askedFor(): Batch {
  const number = (name: string) => {
    const value = Number(Deno.env.get(name) ?? NaN);
    if (Number.isSafeInteger(value)) return value;
    throw new Error(`Cannot tell which traces to compare as the environment must have the number \`${name}\``);
  };
  return { seed: number("seed"), traces: number("traces"), steps: number("steps") };
}

/** Declares the hand-written traces, the fixed ones, and a test that these met all declared differences. */
export function declareFixed({ test }: Suite): void {
  const differences = new Differences();
  test("differential: the kernel answers the hand-written traces as they say", () => {
    const executor = new Executor(new KernelMachine(unsignedLimit()));
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

/** Declares the traces that differ from run to run. */
export function declareAsked({ test }: Suite, asked: Batch): void {
  declareBatches(test, "asked for", asked, new Differences());
}

function declareBatches(test: Suite["test"], kind: string, { seed, traces, steps }: Batch, differences: Differences) {
  // Not yet: the host declares tests, too.
  let kernel: KernelMachine | undefined;
  const together = Math.max(1, Math.floor(STEPS_A_TEST / steps));
  for (let from = 0; from < traces; from += together) {
    const end = Math.min(from + together, traces);
    test(`differential: ${kind} traces ${from + 1} to ${end}`, () => {
      Deno.writeTextFileSync(FREE_PER_SECOND, "10000");
      const started = performance.now();
      let compared = 0;
      kernel ??= new KernelMachine(unsignedLimit());
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
