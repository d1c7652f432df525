import { checkInteger, show } from "../../src/contract/checks.ts";
import { type FaultCall, type FaultKind, InjectedFault } from "./call.ts";
import { Rule, type Schedule } from "./rules.ts";

/** How a call fails. */
export interface FailOptions extends Schedule {
  /** What is thrown, a class of errors that is made with a message, or a function that makes it. Default is an `InjectedFault`. */
  error?: unknown;
  /**
   * Whether it fails before or after the backend below has done what was asked. Default is before, and after for `unmap`,
   * `unbind` and `close`, which nobody tries again.
   */
  when?: "before" | "after";
  /** For `grant` and `endAccess`: it fails after this many pages, at most all of the call. */
  afterPages?: number;
  /** For `copy`: it fails after this many segments were copied, at most all of the call. */
  afterSegments?: number;
}

/** Whether it makes errors with `new`: a class cannot be called. */
function isErrorClass(value: unknown): value is new (message: string) => Error {
  return typeof value === "function" && (value === Error || value.prototype instanceof Error);
}

function checkHalfway(
  what: string,
  name: string,
  value: number | undefined,
  kind: FaultKind,
  kinds: readonly FaultKind[],
  when: unknown,
): void {
  if (value === undefined) return;
  if (!kinds.includes(kind)) {
    throw new TypeError(
      `Cannot ${what} as with \`${name}\` the kind of call must be ${kinds.join(" or ")}: current value is ${kind}`,
    );
  }
  if (when !== undefined) {
    throw new TypeError(`Cannot ${what} as \`when\` must be left out with \`${name}\`: current value is ${show(when)}`);
  }
  checkInteger(what, `\`${name}\``, value, 0, Number.MAX_SAFE_INTEGER);
}

/** Kinds of calls that nobody makes again when they fail. */
const FINAL: readonly FaultKind[] = ["unmap", "unbind", "close"];

/** A failure. */
export class Failure extends Rule {
  /** How many pages or segments are done first; `undefined` if the backend below is not asked for any. */
  readonly pages: number | undefined;
  readonly #error: unknown;
  readonly #hasError: boolean;

  constructor(kind: FaultKind, options: FailOptions, random: () => number, clear: (rule: Rule) => void) {
    const what = "make calls fail";
    super(what, kind, options, 1, random, clear);
    const { error, when, afterPages, afterSegments } = options;
    if (when !== undefined && when !== "before" && when !== "after") {
      throw new TypeError(`Cannot ${what} as \`when\` must be "before" or "after": current value is ${show(when)}`);
    }
    checkHalfway(what, "afterPages", afterPages, kind, ["grant", "endAccess"], when);
    checkHalfway(what, "afterSegments", afterSegments, kind, ["copy"], when);
    const after = (when ?? (FINAL.includes(kind) ? "after" : "before")) === "after";
    const halfway = afterPages ?? afterSegments;
    this.pages = halfway === undefined ? (after ? Infinity : undefined) : halfway || undefined;
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
