import { checkInteger, checkOptions, show } from "../../src/contract/checks.ts";
import { type FaultCall, type FaultKind, type FaultSide, KINDS, SIDES } from "./call.ts";

/** Which calls of a kind something happens to. */
export interface Schedule {
  /** Calls of one side alone. Default is all that have the kind. */
  side?: FaultSide;
  /** The first call it happens to, counted from now: 1 is the next, which is the default. */
  nth?: number;
  /**
   * How often it happens, or `Infinity`: always from then on. Default is once, or always if there is a `rate`. Where something
   * else fails the call first, it has not happened, and is still to come.
   */
  times?: number;
  /** How likely it is from `nth` on, from 0 to 1: decided by the seed. Default is 1. */
  rate?: number;
}

/** Something that was set to happen. */
export interface FaultRule {
  /** How often it has happened. */
  readonly fired: number;
  /** Ends it: what was held is let go. */
  clear(): void;
}

/** Numbers from 0 to below 1, the same for each seed: a linear congruential generator, whose upper bits are good enough. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // The first numbers of neighbouring seeds are neighbours.
  for (let round = 0; round < 8; round++) next();
  return next;
}

export function checkTimes(what: string, name: string, times: number): void {
  if (times !== Infinity) checkInteger(what, `${name}, if it is not Infinity,`, times, 1, Number.MAX_SAFE_INTEGER);
}

export function checkRate(what: string, rate: unknown): void {
  if (typeof rate === "number" && rate >= 0 && rate <= 1) return;
  throw new RangeError(`Cannot ${what} as \`rate\` must be a number from 0 to 1: current value is ${show(rate)}`);
}

function checkKind(what: string, kind: FaultKind, side: FaultSide | undefined): void {
  const kinds = new Set(Object.values(KINDS).flat());
  if (!kinds.has(kind)) {
    throw new TypeError(
      `Cannot ${what} as the kind of call must be one of ${[...kinds].join(", ")}: current value is ${show(kind)}`,
    );
  }
  if (side === undefined) return;
  if (!SIDES.includes(side)) {
    const names = SIDES.map((name) => `"${name}"`).join(", ");
    throw new TypeError(`Cannot ${what} as \`side\` must be one of ${names}: current value is ${show(side)}`);
  }
  if (!KINDS[side].includes(kind)) {
    throw new TypeError(`Cannot ${what} as the side "${side}" has no calls of the kind ${kind}: leave \`side\` out`);
  }
}

/** Something that happens to some calls of one kind. */
export abstract class Rule implements FaultRule {
  fired = 0;
  readonly #kind: FaultKind;
  readonly #side: FaultSide | undefined;
  readonly #nth: number;
  readonly #times: number;
  readonly #rate: number;
  readonly #random: () => number;
  readonly #clear: (rule: Rule) => void;
  #seen = 0;
  /** Calls under way to which it may happen yet: another call in their middle must not take their turn. */
  #claimed = 0;

  constructor(
    what: string,
    kind: FaultKind,
    schedule: Schedule,
    defaultTimes: number,
    random: () => number,
    clear: (rule: Rule) => void,
  ) {
    checkOptions(what, schedule);
    const { side, nth = 1, rate, times = rate === undefined ? defaultTimes : Infinity } = schedule;
    checkKind(what, kind, side);
    checkInteger(what, "`nth`", nth, 1, Number.MAX_SAFE_INTEGER);
    checkTimes(what, "`times`", times);
    if (rate !== undefined) checkRate(what, rate);
    this.#kind = kind;
    this.#side = side;
    this.#nth = nth;
    this.#times = times;
    this.#rate = rate ?? 1;
    this.#random = random;
    this.#clear = clear;
  }

  /** Whether it may happen to a call, which it has seen then. If so, it happens, or is to be released. */
  due(kind: FaultKind, side: FaultSide): boolean {
    if (kind !== this.#kind || (this.#side !== undefined && side !== this.#side)) return false;
    if (++this.#seen < this.#nth || this.fired + this.#claimed >= this.#times) return false;
    if (this.#rate < 1 && this.#random() >= this.#rate) return false;
    this.#claimed++;
    return true;
  }

  /** It happens to the call to which it was due. */
  happens(): void {
    this.#claimed--;
    this.fired++;
  }

  /** It does not happen to the call to which it was due. */
  release(): void {
    this.#claimed--;
  }

  clear(): void {
    this.#clear(this);
  }
}

/** A hook: something is done before or after the backend below does what is asked. */
export class Hook extends Rule {
  readonly when: "before" | "after";
  readonly #action: (call: FaultCall) => void;

  constructor(
    when: "before" | "after",
    kind: FaultKind,
    action: (call: FaultCall) => void,
    schedule: Schedule,
    random: () => number,
    clear: (rule: Rule) => void,
  ) {
    const what = `act ${when} a call`;
    super(what, kind, schedule, Infinity, random, clear);
    if (typeof action !== "function") {
      throw new TypeError(`Cannot ${what} as the action must be a function: current value is ${show(action)}`);
    }
    this.when = when;
    this.#action = action;
  }

  run(call: FaultCall): void {
    this.#action(call);
  }
}
