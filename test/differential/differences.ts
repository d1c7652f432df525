import declared from "./differences.json" with { type: "json" };
import type { Answer, Step } from "./trace.ts";

/** A difference between the kernel and this library that is meant to be. */
export interface AllowedDifference {
  /** The fields that a step has to have. */
  readonly step: Readonly<Record<string, unknown>>;
  /** What the kernel answers: a regular expression for the whole of it. */
  readonly kernel: string;
  /** What the library answers, likewise. */
  readonly library: string;
  /** Why it is meant to be. */
  readonly reason: string;
}

/** The allowed differences, and which of them were met. */
export class Differences {
  readonly #allowed: readonly AllowedDifference[];
  readonly #met = new Set<AllowedDifference>();

  /** @param allowed Default are those that are declared in differences.json. */
  constructor(allowed: readonly AllowedDifference[] = declared) {
    this.#allowed = allowed;
  }

  /** Whether two answers to a step may differ in this way; then the trace goes on behind it. */
  allows(step: Step, kernel: Answer, library: Answer): boolean {
    const allowed = this.#allowed.filter((each) =>
      Object.entries(each.step).every(([field, value]) => (step as Record<string, unknown>)[field] === value) &&
      isWhole(each.kernel, kernel) && isWhole(each.library, library)
    );
    for (const each of allowed) this.#met.add(each);
    return allowed.length > 0;
  }

  /** Those that were not met: in a full run, what the list no longer needs. */
  unmet(): readonly AllowedDifference[] {
    return this.#allowed.filter((each) => !this.#met.has(each));
  }
}

function isWhole(pattern: string, answer: Answer): boolean {
  return new RegExp(`^(?:${pattern})$`).test(answer);
}
