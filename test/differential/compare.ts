import type { Differences } from "./differences.ts";
import type { Executor } from "./executor.ts";
import type { Answer, Step } from "./trace.ts";

/** Where two executors first differ. */
export interface Difference {
  /** The trace up to the step that was answered differently; all of it, if that was behind it, in {@linkcode AFTERWARDS}. */
  readonly trace: readonly Step[];
  /** What was answered before. */
  readonly answers: readonly Answer[];
  readonly step: Step;
  readonly kernel: Answer;
  readonly library: Answer;
}

/** All is given back, and it is proved that it was: one file may have the whole limit, and no page more. */
const AFTERWARDS: readonly Step[] = [
  { op: "reset" },
  { op: "limit", pages: 64 },
  { op: "open", file: -1 },
  { op: "allocate", file: -1, allocation: -1, pages: 64, domid: 0, writable: true },
  { op: "allocate", file: -1, allocation: -2, pages: 1, domid: 0, writable: true },
  { op: "reset" },
];

/**
 * Plays a trace on both, step by step, up to the first answer that differs and is not allowed to. Both are
 * clean afterwards; after a difference only the kernel is, and what the library has left is nobody's.
 *
 * @param onAnswer Told of each answer of the kernel's on which there is no difference.
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
