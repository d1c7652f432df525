import type { Difference } from "./compare.ts";
import { printTrace } from "./trace.ts";

/** Describes a difference so that it can be replayed: each step with its answer, and both answers to the last step. */
export function describe({ trace, answers, step, kernel, library }: Difference): string {
  const last = `kernel ${kernel}, library ${library}`;
  const text = printTrace(trace, [...answers.slice(0, trace.length), last]);
  return trace.at(-1) === step ? text : `${text}\n${last} when all was given back: ${JSON.stringify(step)}`;
}
