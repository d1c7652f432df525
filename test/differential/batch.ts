import { compare } from "./compare.ts";
import type { Differences } from "./differences.ts";
import { Executor } from "./executor.ts";
import { generate } from "./generate.ts";
import type { Machine } from "./machine.ts";
import { describe } from "./report.ts";
import { shrink } from "./shrink.ts";
import type { Answer, Step } from "./trace.ts";

/** Traces to compare. Their seeds are consecutive. */
export interface Batch {
  readonly seed: number;
  readonly traces: number;
  /** The number of steps of each trace. */
  readonly steps: number;
}

/** The traces that every run of the rig compares. differential_test.ts checks that they contain everything. */
export const FIXED: Batch = { seed: 1, traces: 300, steps: 100 };

/**
 * Compares the answers of two machines to a batch of traces.
 *
 * @param kernel The machine whose answers are right.
 * @param newLibrary Makes the machine whose answers are judged.
 * @param onAnswer Called for each answer that does not differ.
 * @throws {Error} if an answer differs. The message has the seed and the shortest trace that still differs.
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
