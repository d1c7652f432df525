import type { Step } from "./step.ts";

/** A real daemon has to play each attempt. */
const MOST_ATTEMPTS = 300;

/**
 * Drops steps from a sequence while it still fails: long runs first, then single steps.
 *
 * @param steps A sequence that fails.
 * @param fails Returns whether a sequence fails.
 */
export async function shrink(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[]> {
  let attempts = 0;
  for (let size = Math.ceil(steps.length / 2); size > 0; size = size === 1 ? 0 : Math.floor(size / 2)) {
    for (let end = steps.length; end > 0; end -= size) {
      const shorter = [...steps.slice(0, Math.max(0, end - size)), ...steps.slice(end)];
      if (shorter.length === steps.length || ++attempts > MOST_ATTEMPTS) continue;
      if (await fails(shorter)) steps = shorter;
    }
  }
  return steps;
}
