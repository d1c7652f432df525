import declared from "./differences.json" with { type: "json" };
import type { Answer, Step } from "./step.ts";

/** The daemons that are compared with the simulated one. */
export type Daemon = "xenstored" | "oxenstored";

/** Where a daemon runs: on Xen, or on an ordinary machine, where the other domain has no kernel. */
export type Where = "Xen" | "ordinary machine";

/** An intended difference between a daemon and the simulated one. */
interface AllowedDifference {
  /** The daemon that it is about. Both, if it is absent. */
  readonly daemon?: string;
  /** Where it shows. Everywhere, if it is absent. */
  readonly where?: string;
  /**
   * The fields that the step must have. If a list is given, the step must have one of its values. The payload is a
   * regular expression for all of it.
   */
  readonly step: Readonly<Record<string, unknown>>;
  /** The daemon's answer: a regular expression for all of it. */
  readonly real: string;
  /** The answer of the simulated daemon, likewise. */
  readonly simulated: string;
  /** The reason. */
  readonly reason: string;
}

/** The allowed differences. Keeps track of those that were met. */
export class Differences {
  readonly #allowed: readonly AllowedDifference[];
  readonly #met = new Set<AllowedDifference>();

  /** @param allowed Default are those of differences.json. */
  constructor(daemon: Daemon, where: Where, allowed: readonly AllowedDifference[] = declared) {
    this.#allowed = allowed.filter((each) => (each.daemon ?? daemon) === daemon && (each.where ?? where) === where);
  }

  /** Returns whether two answers to a step may differ in this way. The sequence then goes on. */
  allows(step: Step, real: Answer, simulated: Answer): boolean {
    const allowed = this.#allowed.filter((each) =>
      Object.entries(each.step).every(([field, value]) => hasField(step, field, value)) &&
      isWhole(each.real, real) && isWhole(each.simulated, simulated)
    );
    for (const each of allowed) this.#met.add(each);
    return allowed.length > 0;
  }

  /** Returns those that were not met. After a full run, the list does not need them any more. */
  unmet(): readonly AllowedDifference[] {
    return this.#allowed.filter((each) => !this.#met.has(each));
  }
}

function hasField(step: Step, field: string, value: unknown): boolean {
  const own = (step as unknown as Record<string, unknown>)[field];
  return field === "payload" ? isWhole(String(value), String(own)) : [value].flat().includes(own);
}

function isWhole(pattern: string, answer: Answer): boolean {
  return new RegExp(`^(?:${pattern})$`, "s").test(answer);
}
