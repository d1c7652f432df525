import declared from "./differences.json" with { type: "json" };
import type { Answer, Step } from "./trace.ts";

/** An intended difference between the kernel and this library. */
interface AllowedDifference {
  /** The fields that the step must have. */
  readonly step: Readonly<Record<string, unknown>>;
  /** The kernel's answer: a regular expression for all of it. */
  readonly kernel: string;
  /** The library's answer, likewise. */
  readonly library: string;
  /** The reason. */
  readonly reason: string;
}

/** The allowed differences. Keeps track of those that were met. */
export class Differences {
  readonly #allowed: readonly AllowedDifference[];
  readonly #met = new Set<AllowedDifference>();

  /** @param allowed Default are those of differences.json. */
  constructor(allowed: readonly AllowedDifference[] = declared) {
    this.#allowed = allowed;
  }

  /** Returns whether two answers to a step may differ in this way. The trace then goes on. */
  allows(step: Step, kernel: Answer, library: Answer): boolean {
    const allowed = this.#allowed.filter((each) =>
      Object.entries(each.step).every(([field, value]) => (step as Record<string, unknown>)[field] === value) &&
      isWhole(each.kernel, kernel) && isWhole(each.library, library)
    );
    for (const each of allowed) this.#met.add(each);
    return allowed.length > 0;
  }

  /** Returns those that were not met. After a full run, the list does not need them any more. */
  unmet(): readonly AllowedDifference[] {
    return this.#allowed.filter((each) => !this.#met.has(each));
  }
}

function isWhole(pattern: string, answer: Answer): boolean {
  return new RegExp(`^(?:${pattern})$`).test(answer);
}
