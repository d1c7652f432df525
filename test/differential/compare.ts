import type { Differences } from "./differences.ts";
import type { Executor } from "./executor.ts";
import type { Answer, Step } from "./trace.ts";

/** The first difference between two executors. */
export interface Difference {
  /** The trace up to the step whose answers differ, or all of it if that step is in {@linkcode AFTERWARDS}. */
  readonly trace: readonly Step[];
  /** The answers before it. */
  readonly answers: readonly Answer[];
  readonly step: Step;
  readonly kernel: Answer;
  readonly library: Answer;
}

/** Steps that give everything back, and check that: one file can have the whole limit, and no page more. */
const AFTERWARDS: readonly Step[] = [
  { op: "reset" },
  { op: "limit", pages: 64 },
  { op: "open", file: -1 },
  { op: "allocate", file: -1, allocation: -1, pages: 64, domid: 0, writable: true },
  { op: "allocate", file: -1, allocation: -2, pages: 1, domid: 0, writable: true },
  { op: "reset" },
];

/**
 * Plays a trace on both, step by step, up to the first answer that differs and is not allowed to. Afterwards both are
 * clean, or only the kernel if an answer differs.
 *
 * @param onAnswer Called for each answer of the kernel that does not differ.
 */
export function compare(
  trace: readonly Step[],
  kernel: Executor,
  library: Executor,
  differences: Differences,
  onAnswer: (step: Step, answer: Answer) => void = () => {},
): Difference | undefined {
  const answers: Answer[] = [];
  const play = (steps: readonly Step[]): Difference | undefined => {
    for (const step of steps) {
      const answer = { kernel: kernel.answer(step), library: library.answer(step) };
      if (answer.kernel !== answer.library && !differences.allows(step, answer.kernel, answer.library)) {
        return { trace: trace.slice(0, answers.length + 1), answers, step, ...answer };
      }
      answers.push(answer.kernel);
      onAnswer(step, answer.kernel);
    }
    return undefined;
  };
  const difference = play(trace) ?? play(AFTERWARDS);
  if (difference) kernel.reset();
  return difference;
}
