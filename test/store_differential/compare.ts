import type { Differences } from "./differences.ts";
import { type Answer, printSteps, type Step } from "./step.ts";

/** The first difference between the answers of two machines. */
export interface Difference {
  /** The sequence up to the step whose answers differ. */
  readonly steps: readonly Step[];
  /** The real daemon's answers to them. */
  readonly real: readonly Answer[];
  /** The simulated daemon's answers to them. */
  readonly simulated: readonly Answer[];
}

/** Finds the first answers that differ and are not allowed to. */
export function compare(
  steps: readonly Step[],
  real: readonly Answer[],
  simulated: readonly Answer[],
  differences: Differences,
): Difference | undefined {
  for (const [at, step] of steps.entries()) {
    const [theirs = "nothing", ours = "nothing"] = [real[at], simulated[at]];
    if (theirs === ours || differences.allows(step, theirs, ours)) continue;
    const end = at + 1;
    return { steps: steps.slice(0, end), real: real.slice(0, end), simulated: simulated.slice(0, end) };
  }
  return undefined;
}

/** Describes a difference so that it can be replayed. */
export function describe({ steps, real, simulated }: Difference): string {
  const last = `the daemon: ${real.at(-1)} / simulated: ${simulated.at(-1)}`;
  return printSteps(steps, [...real.slice(0, -1), last]);
}
