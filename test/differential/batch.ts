import { compare } from "./compare.ts";
import type { Differences } from "./differences.ts";
import { Executor } from "./executor.ts";
import { generate } from "./generate.ts";
import type { Machine } from "./machine.ts";
import { describe } from "./report.ts";
import { shrink } from "./shrink.ts";
import type { Answer, Step } from "./trace.ts";

/** Traces to compare: those of neighbouring seeds. */
export interface Batch {
  readonly seed: number;
  readonly traces: number;
  /** The length of each. */
  readonly steps: number;
}

/** What is compared in each run of the rig, and has everything in it: see differential_test.ts. */
export const FIXED: Batch = { seed: 1, traces: 300, steps: 100 };

/**
 * Compares the answers of two machines to a batch of traces.
 *
 * @param kernel Whose answers are right.
 * @param newLibrary Makes a machine whose answers are judged.
 * @param onAnswer Told of each answer on which there is no difference.
 * @throws {Error} with the seed, and the trace made as short as it can be, where there is one.
 */
export function compareBatch(
  { seed, traces, steps }: Batch,
  kernel: Machine,
  newLibrary: () => Machine,
  differences: Differences,
  onAnswer?: (step: Step, answer: Answer) => void,
): void {
  const kernelExecutor = new Executor(kernel);
  const library = new Executor(newLibrary());
  for (let number = 0; number < traces; number++) {
    const found = compare(generate(seed + number, steps), kernelExecutor, library, differences, onAnswer);
    if (!found) continue;
    const retry = (trace: readonly Step[]) => compare(trace, kernelExecutor, new Executor(newLibrary()), differences);
    const shortest = retry(shrink(found.trace, (trace) => retry(trace) !== undefined)) ?? found;
    throw new Error(
      `The kernel and the library differ on the trace of seed ${
        seed + number
      }, at step ${found.trace.length} of ${steps}, ` +
        `or shorter:\n${describe(shortest)}`,
    );
  }
}
