/**
 * How long an operation takes on each side, in interleaved rounds.
 *
 * @module
 */
import { measureRounds } from "../harness/rounds.ts";
import { settle } from "../harness/settle.ts";
import type { SideName, TimeFigures } from "./results.ts";
import type { Side } from "./sides.ts";

/** How thoroughly to measure. */
export interface TimePlan {
  /** The numbers of pages to share at once, the least first. */
  readonly pages: readonly number[];
  /** Rounds that count. */
  readonly rounds: number;
  /** Milliseconds for which C works in a round. The other sides repeat the operation as often as C does. */
  readonly milliseconds: number;
  /**
   * Seconds that the sides have to settle, at least and at most, for each number of pages. V8 compiles code anew for
   * each.
   */
  readonly least: number;
  readonly patience: number;
}

/**
 * Measures the microseconds that an operation takes.
 *
 * @param sides The sides. The first one is C.
 */
export async function measureTime(sides: readonly Side[], pages: number, plan: TimePlan): Promise<TimeFigures> {
  const time = async (side: Side, times: number) => await side.request("share", pages, times) / times / 1000;
  const looks: number[] = [];
  // The least of some: a single one that is disturbed would make all rounds too short.
  for (let look = 0; look < 5; look++) looks.push(await time(sides[0]!, 10));
  const times = Math.max(1, Math.round(plan.milliseconds * 1000 / Math.min(...looks)));
  const figure = async (side: Side) => Number((await time(side, times)).toPrecision(4));
  const { rounds: warmUp, settled } = await settle(
    async () => (await measureRounds(sides, 1, figure)).map(([only]) => only!),
    plan.least,
    plan.patience,
  );
  const figures = await measureRounds(sides, plan.rounds, figure);
  const rounds = Object.fromEntries(sides.map(({ name }, index) => [name, figures[index]!]));
  return { pages, times, warmUp, settled, rounds: rounds as Record<SideName, number[]> };
}
