import { type Case, isOfBooks } from "./cases.ts";
import type { Side } from "./sides.ts";

/** With more pages than this, the first driver's algorithm is measured in C alone, in the first rounds. */
const SLOW = 1000;
const SLOW_ROUNDS = 3;
/** With more pages than this, sides are measured in the first rounds alone, as it takes seconds to prepare them. */
const LARGE = 100_000;
const LARGE_ROUNDS = 5;
/**
 * With more pages than this, the machine with buffers does not take part: the buffers would be measured, not the
 * library.
 */
const MANY_BUFFERS = 10_000;

/** Whether a side measures a case in a round. It does not if that takes minutes, or tells nothing. */
export function takesPart(side: Pick<Side, "variant" | "runtime">, one: Case, round: number): boolean {
  const size = one.live + one.pending;
  if (size > LARGE && round >= LARGE_ROUNDS) return false;
  return isOfBooks(one.workload) ? measuresBooks(side, one, size, round) : measuresEndToEnd(side, one, size, round);
}

function measuresBooks(
  { variant, runtime }: Pick<Side, "variant" | "runtime">,
  one: Case,
  size: number,
  round: number,
) {
  switch (variant) {
    case "mock":
    case "buffers":
      return false;
    case "first_driver":
      if (size <= SLOW) return true;
      if ((one.workload === "punch" || one.workload === "random") && size > LARGE) return false;
      return runtime === "c" && round < SLOW_ROUNDS;
    case "leaf":
      // In C the books are scattered again for each measurement.
      return !(runtime === "c" && one.workload === "random" && size > LARGE && round >= SLOW_ROUNDS);
    case "core":
      return true;
  }
}

function measuresEndToEnd(
  { variant, runtime }: Pick<Side, "variant" | "runtime">,
  one: Case,
  size: number,
  round: number,
) {
  switch (variant) {
    case "mock":
      return true;
    case "buffers":
      return size <= MANY_BUFFERS;
    case "core":
      // JavaScript's floor has no peer that would keep pages pending.
      return one.pending === 0;
    case "leaf":
      return runtime === "c";
    case "first_driver":
      return runtime === "c" && (size <= SLOW || round < SLOW_ROUNDS);
  }
}
