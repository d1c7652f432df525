import { median } from "../clock.ts";

/** So many rounds are compared with as many before them. */
const WINDOW = 20;
/** Medians this close agree. */
const CLOSE = 1.03;

/**
 * Goes through rounds until they agree: until no side has become faster, as one does whose code is still being compiled.
 *
 * @param round Measures each side once.
 * @param least Seconds to go on in any case: what is slow all the time before it is compiled agrees, too.
 * @param patience Seconds after which it is given up.
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
