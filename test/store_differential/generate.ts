import { Random } from "../support/random.ts";
import { CHOOSE, Made } from "./choose.ts";
import type { Step, Who } from "./step.ts";

/** How often each kind of request is tried. */
const WEIGHTS: Readonly<Record<keyof typeof CHOOSE, number>> = {
  READ: 12,
  WRITE: 20,
  MKDIR: 6,
  RM: 6,
  DIRECTORY: 8,
  DIRECTORY_PART: 3,
  GET_PERMS: 7,
  SET_PERMS: 8,
  WATCH: 7,
  UNWATCH: 3,
  TRANSACTION_START: 6,
  TRANSACTION_END: 7,
  GET_DOMAIN_PATH: 1,
  IS_DOMAIN_INTRODUCED: 1,
  INTRODUCE: 1,
  RELEASE: 1,
  RESUME: 1,
  SET_TARGET: 1,
  CREATE: 5,
  DESTROY: 2,
  DISCONNECT: 1,
};

/** How often each participant makes a request. */
const WHO: Readonly<Record<Who, number>> = { socket: 3, device: 3, domu: 4, third: 4 };

/** Makes the sequence of a seed. It is the same each time. */
export function generate(seed: number, length: number): Step[] {
  const random = new Random(seed);
  const weights = { ...WEIGHTS };
  // If all sequences were alike, none would have what takes many steps of one kind.
  for (const op of ["WRITE", "SET_PERMS", "WATCH", "TRANSACTION_START"] as const) weights[op] *= random.pick([1, 1, 3]);
  const made = new Made();
  const steps: Step[] = [];
  while (steps.length < length) {
    const who = random.weighted(WHO);
    if (who === "third" && !made.hasThird) continue;
    const step = CHOOSE[random.weighted(weights)]({ random, made, who });
    if (step !== undefined) steps.push(step);
  }
  return steps;
}
