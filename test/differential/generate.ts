import { CHOOSE } from "./choose.ts";
import { Forecast } from "./forecast.ts";
import { Random } from "../support/random.ts";
import type { Op, Step } from "./trace.ts";

/** How often each kind of step is tried. Not every try makes sense. */
const WEIGHTS: Readonly<Record<Op, number>> = {
  limit: 3,
  open: 3,
  close: 2,
  allocate: 16,
  free: 14,
  map: 14,
  unmap: 8,
  notify: 8,
  read: 8,
  write: 8,
  peerMap: 12,
  peerMapUnknown: 1,
  peerUnmap: 5,
  peerRead: 8,
  peerWrite: 7,
};

/** The kinds that a trace may have more of. The others end things, and soon nothing would be left. */
const MAY_BE_MORE: readonly Op[] = ["allocate", "map", "notify", "read", "write", "peerMap", "peerRead", "peerWrite"];

/**
 * Makes some kinds of steps more frequent. If all traces were alike, none would have what takes many steps of one kind.
 */
function someMore(random: Random): Record<Op, number> {
  const weights = { ...WEIGHTS };
  for (const op of MAY_BE_MORE) weights[op] *= random.pick([1, 1, 3]);
  return weights;
}

/** The frequencies in the last part of a trace: things end, and the peer reads what it still has. */
const WEIGHTS_AT_THE_END: Readonly<Record<Op, number>> = {
  ...WEIGHTS,
  close: 5,
  free: 20,
  unmap: 20,
  allocate: 4,
  map: 3,
  read: 12,
  peerRead: 36,
};

/** Makes the trace of a seed. It is the same each time. */
export function generate(seed: number, length: number): Step[] {
  const random = new Random(seed);
  const weights = someMore(random);
  const small = random.chance(50);
  const forecast = new Forecast();
  const steps: Step[] = [];
  const take = (step: Step) => {
    forecast.apply(step);
    steps.push(step);
  };
  take({ op: "limit", pages: random.between(8, 200) });
  take({ op: "open", file: steps.length });
  while (steps.length < length) {
    const now = steps.length < length * 0.7 ? weights : WEIGHTS_AT_THE_END;
    // What a step makes gets the number of the step.
    const step = CHOOSE[random.weighted(now)]({ random, forecast, fresh: steps.length, small });
    if (step && forecast.isSafe(step)) take(step);
  }
  return steps;
}
