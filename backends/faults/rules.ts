import { checkInteger, checkOptions, show } from "../../src/checks.ts";
import { type FaultCall, type FaultKind, type FaultSide, InjectedFault, KINDS } from "./call.ts";

/** Which calls of a kind something happens to. */
export interface Schedule {
  /** Calls of one side alone. Default is both. */
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

/** How a call fails. */
export interface FailOptions extends Schedule {
  /** What is thrown, a class of errors that is made with a message, or a function that makes it. Default is an `InjectedFault`. */
  error?: unknown;
  /**
   * Whether it fails before or after the backend below has done what was asked. Default is before, and after for `unmap` and
   * `close`, which nobody tries again.
   */
  when?: "before" | "after";
  /** For `grant` and `endAccess`: it fails after this many pages, at most all of the call. */
  afterPages?: number;
}

/** Which pages the peer seems to hold. */
export interface HoldOptions {
  /** Their references. Default is all. */
  grefs?: readonly number[];
  /** How often `endAccess` is answered so for each page, or `Infinity`. Default is always, until the rule is cleared. */
  asks?: number;
  /** How likely it is for each page of each call, from 0 to 1: decided by the seed. Default is 1. */
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

function checkTimes(what: string, name: string, times: number): void {
  if (times !== Infinity) checkInteger(what, `${name}, if it is not Infinity,`, times, 1, Number.MAX_SAFE_INTEGER);
}

function checkRate(what: string, rate: unknown): void {
  if (typeof rate === "number" && rate >= 0 && rate <= 1) return;
  throw new RangeError(`Cannot ${what} as \`rate\` must be a number from 0 to 1: current value is ${show(rate)}`);
}

/** Kinds of calls that only a granter's backend has. */
const MADE_BY_GRANTERS: readonly FaultKind[] = ["limit", "grant", "endAccess", "notify"];

function checkKind(what: string, kind: FaultKind): void {
  if (KINDS.includes(kind)) return;
  throw new TypeError(
    `Cannot ${what} as the kind of call must be one of ${KINDS.join(", ")}: current value is ${show(kind)}`,
  );
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
    checkKind(what, kind);
    checkOptions(what, schedule);
    const { side, nth = 1, rate, times = rate === undefined ? defaultTimes : Infinity } = schedule;
    if (side !== undefined && side !== "grants" && side !== "maps") {
      throw new TypeError(`Cannot ${what} as \`side\` must be "grants" or "maps": current value is ${show(side)}`);
    }
    if (side === "maps" && MADE_BY_GRANTERS.includes(kind)) {
      throw new TypeError(`Cannot ${what} as a peer's backend has no calls of the kind ${kind}: leave \`side\` out`);
    }
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

/** Whether it makes errors with `new`: a class cannot be called. */
function isErrorClass(value: unknown): value is new (message: string) => Error {
  return typeof value === "function" && (value === Error || value.prototype instanceof Error);
}

/** A failure. */
export class Failure extends Rule {
  /** How many pages are done first; `undefined` if the backend below is not asked for any. */
  readonly pages: number | undefined;
  readonly #error: unknown;
  readonly #hasError: boolean;

  constructor(kind: FaultKind, options: FailOptions, random: () => number, clear: (rule: Rule) => void) {
    const what = "make calls fail";
    super(what, kind, options, 1, random, clear);
    const { error, when, afterPages } = options;
    if (when !== undefined && when !== "before" && when !== "after") {
      throw new TypeError(`Cannot ${what} as \`when\` must be "before" or "after": current value is ${show(when)}`);
    }
    if (afterPages !== undefined) {
      if (kind !== "grant" && kind !== "endAccess") {
        throw new TypeError(
          `Cannot ${what} as with \`afterPages\` the kind of call must be grant or endAccess: current value is ${kind}`,
        );
      }
      if (when !== undefined) {
        throw new TypeError(
          `Cannot ${what} as \`when\` must be left out with \`afterPages\`: current value is ${when}`,
        );
      }
      checkInteger(what, "`afterPages`", afterPages, 0, Number.MAX_SAFE_INTEGER);
    }
    const after = (when ?? (kind === "unmap" || kind === "close" ? "after" : "before")) === "after";
    this.pages = afterPages === undefined ? (after ? Infinity : undefined) : afterPages || undefined;
    this.#error = error;
    this.#hasError = error !== undefined;
  }

  /** What is thrown. */
  error(call: FaultCall): unknown {
    const fault = new InjectedFault(call);
    if (!this.#hasError || this.#error === InjectedFault) return fault;
    if (isErrorClass(this.#error)) return new this.#error(fault.message);
    return typeof this.#error === "function" ? this.#error(call) : this.#error;
  }
}

/** Pages that the peer seems to hold. */
export class Hold implements FaultRule {
  fired = 0;
  readonly #grefs: ReadonlySet<number> | undefined;
  readonly #asks: number;
  readonly #rate: number;
  readonly #random: () => number;
  readonly #clear: (hold: Hold) => void;
  /** How often each page was asked for: by its file, as indices count from 0 in each. */
  readonly #asked = new WeakMap<object, Map<number, number>>();

  constructor(options: HoldOptions, random: () => number, clear: (hold: Hold) => void) {
    const what = "hold pages";
    checkOptions(what, options);
    const { grefs, asks = Infinity, rate = 1 } = options;
    if (grefs !== undefined && !Array.isArray(grefs)) {
      throw new TypeError(
        `Cannot ${what} as \`grefs\` must be an array of grant references: current value is ${show(grefs)}`,
      );
    }
    checkTimes(what, "`asks`", asks);
    checkRate(what, rate);
    this.#grefs = grefs === undefined ? undefined : new Set(grefs);
    this.#asks = asks;
    this.#rate = rate;
    this.#random = random;
    this.#clear = clear;
  }

  /** Whether the peer seems to hold a page of a file, that is asked for now. */
  holds(file: object, page: number, gref: number): boolean {
    if (this.#grefs && !this.#grefs.has(gref)) return false;
    if (this.#rate < 1 && this.#random() >= this.#rate) return false;
    let asked = this.#asked.get(file);
    if (!asked) this.#asked.set(file, asked = new Map());
    const asks = asked.get(page) ?? 0;
    if (asks >= this.#asks) return false;
    asked.set(page, asks + 1);
    this.fired++;
    return true;
  }

  clear(): void {
    this.#clear(this);
  }
}
