import { compare, describe, type Difference } from "./compare.ts";
import type { Differences } from "./differences.ts";
import { Executor, type StoreMachine } from "./executor.ts";
import { generate } from "./generate.ts";
import { shrink } from "./shrink.ts";
import type { Step } from "./step.ts";

/** Sequences to compare. Their seeds are consecutive. */
export interface Batch {
  readonly seed: number;
  readonly sequences: number;
  /** The number of steps of each sequence. */
  readonly steps: number;
}

/** Two machines whose answers are compared. */
export interface Pair {
  /** The machine whose answers are right. */
  readonly real: StoreMachine;
  /** The machine whose answers are judged. */
  readonly simulated: StoreMachine;
  readonly differences: Differences;
}

/**
 * Compares the answers of two machines to a batch of sequences.
 *
 * @throws {Error} if an answer differs. The message has the seed and the shortest sequence that still differs.
 */
export async function compareBatch({ seed, sequences, steps }: Batch, pair: Pair): Promise<void> {
  for (let number = 0; number < sequences; number++) {
    await compareSequence(`the sequence of seed ${seed + number}`, generate(seed + number, steps), pair);
  }
}

/**
 * Compares the answers of two machines to a sequence.
 *
 * @param name How to call the sequence.
 * @throws {Error} if an answer differs. The message has the shortest sequence that still differs.
 */
export async function compareSequence(name: string, steps: readonly Step[], pair: Pair): Promise<void> {
  const [theirs, ours] = [new Executor(pair.real), new Executor(pair.simulated)];
  const attempt = async (steps: readonly Step[]): Promise<Difference | undefined> =>
    compare(steps, await theirs.play(steps), await ours.play(steps), pair.differences);
  const found = await attempt(steps);
  if (found === undefined) return;
  const shorter = await shrink(found.steps, async (steps) => await attempt(steps) !== undefined);
  throw new Error(
    `The daemon and the simulated one differ on ${name}, at step ${found.steps.length} of ${steps.length}, or ` +
      `shorter:\n${describe(await attempt(shorter) ?? found)}`,
  );
}
