import { compare, describe, type Difference } from "./compare.ts";
import type { Differences } from "./differences.ts";
import { Executor, type StoreMachine } from "./executor.ts";
import { generate } from "./generate.ts";
import { shrink } from "./shrink.ts";
import type { Answer, Step } from "./step.ts";

/** Sequences to compare. Their seeds are consecutive. */
export interface Batch {
  readonly seed: number;
  readonly sequences: number;
  /** The number of steps of each sequence. */
  readonly steps: number;
}

/**
 * Compares the answers of two machines to a batch of sequences.
 *
 * @param real The machine whose answers are right.
 * @param simulated The machine whose answers are judged.
 * @param onAnswer Called for each answer of the real machine.
 * @throws {Error} if an answer differs. The message has the seed and the shortest sequence that still differs.
 */
export async function compareBatch(
  { seed, sequences, steps }: Batch,
  real: StoreMachine,
  simulated: StoreMachine,
  differences: Differences,
  onAnswer?: (step: Step, answer: Answer) => void,
): Promise<void> {
  const [theirs, ours] = [new Executor(real), new Executor(simulated)];
  const attempt = async (sequence: readonly Step[]): Promise<Difference | undefined> =>
    compare(sequence, await theirs.play(sequence), await ours.play(sequence), differences);
  for (let number = 0; number < sequences; number++) {
    const sequence = generate(seed + number, steps);
    const found = compare(sequence, await theirs.play(sequence, onAnswer), await ours.play(sequence), differences);
    if (found === undefined) continue;
    const shorter = await shrink(found.steps, async (steps) => await attempt(steps) !== undefined);
    throw new Error(
      `The daemon and the simulated one differ on the sequence of seed ${seed + number}, at step ` +
        `${found.steps.length} of ${steps}, or shorter:\n${describe(await attempt(shorter) ?? found)}`,
    );
  }
}
