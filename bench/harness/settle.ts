import { median } from "./rounds.ts";

/** The number of rounds that are compared with as many before them. */
const WINDOW = 20;
/** Medians agree if their ratio is at most this. */
const CLOSE = 1.03;

/**
 * Runs rounds that do not count until no side gets faster any more, as a side does while its code is being compiled.
 *
 * @param round Measures each side once.
 * @param least Seconds to go on in any case: code that is still slow because it is not compiled yet agrees, too.
 * @param patience Seconds after which to give up.
 * @returns How many rounds there were, and whether the last ones agreed.
 */
export async function settle(
  round: () => Promise<readonly number[]>,
  least: number,
  patience: number,
): Promise<{ rounds: number; settled: boolean }> {
  const started = performance.now();
  const done: (readonly number[])[] = [];
  while (performance.now() - started < patience * 1000) {
    done.push(await round());
    const agrees = (_: number, side: number) => {
      const middle = (rounds: readonly (readonly number[])[]) => median(rounds.map((figures) => figures[side]!));
      return middle(done.slice(-2 * WINDOW, -WINDOW)) <= middle(done.slice(-WINDOW)) * CLOSE;
    };
    if (performance.now() - started >= least * 1000 && done.length >= 2 * WINDOW && done.at(-1)!.every(agrees)) {
      return { rounds: done.length, settled: true };
    }
  }
  return { rounds: done.length, settled: false };
}
