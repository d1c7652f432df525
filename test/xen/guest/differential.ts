/** Runs in dom0: asks the kernel and this library the same, and compares what they answer. */

import { type Batch, compareBatch } from "../../differential/batch.ts";
import { Differences } from "../../differential/differences.ts";
import { KernelMachine } from "../../differential/kernel_machine.ts";
import { LibraryMachine } from "../../differential/library_machine.ts";
import { assertEquals } from "../../asserts.ts";
import { note, run, type Suite } from "./runner.ts";

/** What is compared in each run of the rig, and covers every allowed difference. */
const FIXED: Batch = { seed: 1, traces: 300, steps: 100 };
/** A test may take three minutes; this many traces take some seconds. */
const TRACES_A_TEST = 30;

/** The traces that the host has asked for: on the kernel's command line, of which init makes the environment. */
export function askedFor(): Batch {
  const number = (name: string) => {
    const value = Number(Deno.env.get(name) ?? NaN);
    if (Number.isSafeInteger(value)) return value;
    throw new Error(`Cannot tell which traces to compare as the environment must have the number \`${name}\``);
  };
  return { seed: number("seed"), traces: number("traces"), steps: number("steps") };
}

/** Declares a comparison of traces, and that it has met all the differences which are declared. */
export function declareFixed({ test }: Suite): void {
  const differences = new Differences();
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
  for (let from = 0; from < traces; from += TRACES_A_TEST) {
    const end = Math.min(from + TRACES_A_TEST, traces);
    test(`differential: ${kind} traces ${from + 1} to ${end}`, () => {
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
