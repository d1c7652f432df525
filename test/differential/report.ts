import type { Difference } from "./compare.ts";
import { printTrace } from "./trace.ts";

/** A difference for people, who can replay it: each step with its answer, and both answers to the last one. */
export function describe({ trace, answers, step, kernel, library }: Difference): string {
  const last = `kernel ${kernel}, library ${library}`;
  const text = printTrace(trace, [...answers.slice(0, trace.length), last]);
  return trace.at(-1) === step ? text : `${text}\n${last} when all was given back: ${JSON.stringify(step)}`;
}
