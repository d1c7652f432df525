/**
 * How long an operation takes on each side, by turns: on the real device, and on one that stands in for it.
 *
 * @module
 */
import type { SideName, TimeFigures } from "./results.ts";
import { settle } from "./settle.ts";
import type { Side } from "./sides.ts";

/** How thoroughly to measure. */
export interface TimePlan {
  /** The numbers of pages that are shared at once, the least first. */
  readonly pages: readonly number[];
  /** Rounds in which each side is measured once. */
  readonly rounds: number;
  /** Milliseconds for which C works in a round; the others do as much as it does then. */
  readonly milliseconds: number;
  /** Seconds that the sides have at least and at most to settle, for each number of pages: V8 compiles code anew for each. */
  readonly least: number;
  readonly patience: number;
}

/** Microseconds an operation; C is the first of the sides. */
export async function measureTime(sides: readonly Side[], pages: number, plan: TimePlan): Promise<TimeFigures> {
  const time = async (side: Side, times: number) => await side.ask("share", pages, times) / times / 1000;
  const ofC: number[] = [];
  // The least of some: one that is disturbed would make all rounds too short.
  for (let look = 0; look < 5; look++) ofC.push(await time(sides[0]!, 10));
  const times = Math.max(1, Math.round(plan.milliseconds * 1000 / Math.min(...ofC)));
  const round = async () => {
    const figures: number[] = [];
    for (const side of sides) figures.push(Number((await time(side, times)).toPrecision(4)));
    return figures;
  };
  const { rounds: warmUp, settled } = await settle(round, plan.least, plan.patience);
  const rounds: Record<SideName, number[]> = { c: [], bare: [], deno: [], node: [] };
  for (let done = 0; done < plan.rounds; done++) {
    (await round()).forEach((figure, index) => rounds[sides[index]!.name].push(figure));
  }
  return { pages, times, warmUp, settled, rounds };
}
