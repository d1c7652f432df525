import { ArgumentRangeError, ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { checkGref, checkInteger, show } from "../../src/contract/checks.ts";
import { readOptions } from "../../src/contract/options.ts";
import { checkSynchronous } from "../intercept/synchronous.ts";
import { type FaultCall, type FaultKind, type FaultPart, KINDS, PARTS } from "./call.ts";

/** The calls of a kind that a rule applies to. */
export interface Schedule {
  /** Only calls of this part. Default is all parts that have the kind. */
  part?: FaultPart | undefined;
  /** The first call that the rule applies to, counted from now. Default is 1, the next call. */
  nth?: number | undefined;
  /**
   * How often the rule applies, or `Infinity` for every call from then on. Default is once, or always with a `rate`. A
   * call that fails for another reason first does not count.
   */
  times?: number | undefined;
  /** The probability for each call from `nth` on, from 0 to 1. The seed determines the outcome. Default is 1. */
  rate?: number | undefined;
}

/** The names of the options of a {@linkcode Schedule}. */
export const SCHEDULE = ["part", "nth", "times", "rate"] as const;

/** A rule that was set. */
export interface FaultRule {
  /** How often it has applied. */
  readonly fired: number;
  /** Ends the rule. Pages that it held are no longer held. */
  clear(): void;
}

/**
 * Returns numbers from 0 up to, but not including, 1, the same for the same seed. This is a linear congruential
 * generator, whose upper bits are good enough.
 */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // Similar seeds produce similar first numbers.
  for (let round = 0; round < 8; round++) next();
  return next;
}

export function checkTimes(what: string, name: string, times: number): void {
  if (times !== Infinity) checkInteger(what, `${name}, if it is not Infinity,`, times, 1, Number.MAX_SAFE_INTEGER);
}

export function checkRate(what: string, rate: unknown): void {
  if (typeof rate === "number" && rate >= 0 && rate <= 1) return;
  throw new ArgumentRangeError(
    `Cannot ${what} as \`rate\` must be a number from 0 to 1: current value is ${show(rate)}`,
  );
}

/** Reads the references of a rule. Returns `undefined` if the rule is for all pages. */
export function readGrefs(what: string, grefs: unknown): ReadonlySet<number> | undefined {
  if (grefs === undefined) return undefined;
  if (!Array.isArray(grefs)) {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`grefs\` must be an array of grant references: current value is ${show(grefs)}`,
    );
  }
  const copy: readonly unknown[] = Array.from(grefs);
  for (const [index, gref] of copy.entries()) checkGref(what, `\`grefs[${index}]\``, gref);
  return new Set(copy as number[]);
}

/** Throws unless there is such a kind of call. */
export function checkKind(what: string, kind: FaultKind): void {
  const kinds = new Set(Object.values(KINDS).flat());
  if (!kinds.has(kind)) {
    throw new ArgumentTypeError(
      `Cannot ${what} as the kind of call must be one of ${[...kinds].join(", ")}: current value is ${show(kind)}`,
    );
  }
}

/** Throws unless there is such a part. */
export function checkPart(what: string, part: FaultPart): void {
  if (PARTS.includes(part)) return;
  const names = PARTS.map((name) => `"${name}"`).join(", ");
  throw new ArgumentTypeError(`Cannot ${what} as \`part\` must be one of ${names}: current value is ${show(part)}`);
}

function checkCalls(what: string, kind: FaultKind, part: FaultPart | undefined): void {
  checkKind(what, kind);
  if (part === undefined) return;
  checkPart(what, part);
  if (!KINDS[part].includes(kind)) {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`part\` must have calls of the kind ${kind}: current value is "${part}"`,
    );
  }
}

/** A rule for some calls of one kind. */
export abstract class Rule implements FaultRule {
  fired = 0;
  readonly #kind: FaultKind;
  readonly #part: FaultPart | undefined;
  readonly #nth: number;
  readonly #times: number;
  readonly #rate: number;
  readonly #random: () => number;
  readonly #clear: () => void;
  #seen = 0;
  /** The number of calls under way for which the rule is due: a call in the middle of one must not take its turn. */
  #claimed = 0;

  /** @param schedule The schedule, which has been read. */
  constructor(
    what: string,
    kind: FaultKind,
    schedule: Schedule,
    defaultTimes: number,
    random: () => number,
    clear: () => void,
  ) {
    const { part, nth = 1, rate, times = rate === undefined ? defaultTimes : Infinity } = schedule;
    checkCalls(what, kind, part);
    checkInteger(what, "`nth`", nth, 1, Number.MAX_SAFE_INTEGER);
    checkTimes(what, "`times`", times);
    if (rate !== undefined) checkRate(what, rate);
    this.#kind = kind;
    this.#part = part;
    this.#nth = nth;
    this.#times = times;
    this.#rate = rate ?? 1;
    this.#random = random;
    this.#clear = clear;
  }

  /** Counts a call: whether the rule is due for it. If so, call `happens()` or `release()`. */
  due(kind: FaultKind, part: FaultPart): boolean {
    if (kind !== this.#kind || (this.#part !== undefined && part !== this.#part)) return false;
    if (++this.#seen < this.#nth || this.fired + this.#claimed >= this.#times) return false;
    if (this.#rate < 1 && this.#random() >= this.#rate) return false;
    this.#claimed++;
    return true;
  }

  /** The rule applies to the call that it was due for. */
  happens(): void {
    this.#claimed--;
    this.fired++;
  }

  /** The rule does not apply to the call that it was due for, and waits for another one. */
  release(): void {
    this.#claimed--;
  }

  clear(): void {
    this.#clear();
  }
}

/** A rule that runs an action before or after the inner backend receives a call. */
export class Hook extends Rule {
  readonly when: "before" | "after";
  readonly #what: string;
  readonly #action: (call: FaultCall) => void;

  constructor(
    when: "before" | "after",
    kind: FaultKind,
    action: (call: FaultCall) => void,
    schedule: Schedule,
    random: () => number,
    clear: () => void,
  ) {
    const what = `run an action ${when} a call`;
    super(what, kind, readOptions(what, schedule, SCHEDULE), Infinity, random, clear);
    if (typeof action !== "function") {
      throw new ArgumentTypeError(`Cannot ${what} as the action must be a function: current value is ${show(action)}`);
    }
    this.when = when;
    this.#what = what;
    this.#action = action;
  }

  run(call: FaultCall): void {
    checkSynchronous(this.#what, "the action", this.#action(call));
  }
}
