import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { checkInteger, show } from "../../src/contract/checks.ts";
import { type FaultCall, type FaultKind, InjectedFault } from "./call.ts";
import { readOptions } from "../../src/contract/options.ts";
import { checkSynchronous } from "../intercept/synchronous.ts";
import { Rule, SCHEDULE, type Schedule } from "./rules.ts";

/** How a call fails. */
export interface FailOptions extends Schedule {
  /**
   * The error to throw: a value, an error class, or a function that takes the call and returns the error. Default is an
   * `InjectedFault`.
   */
  error?: unknown;
  /**
   * Whether the call fails before the inner backend receives it, or after the inner backend has done it. Default is
   * `"before"`, except for `unmap`, `unbind` and `close`, which callers do not repeat: there it is `"after"`.
   */
  when?: "before" | "after" | undefined;
  /**
   * For `grant` and `endAccess`: the number of pages after which the call fails. If the call has fewer pages, it fails
   * after all of them.
   */
  afterPages?: number | undefined;
  /**
   * For `copy`: the number of segments after which the call fails. If the call has fewer segments, it fails after all
   * of them.
   */
  afterSegments?: number | undefined;
}

/** Whether a value is an error class of any realm, which needs `new`. */
function isErrorClass(value: unknown): value is new (message: string) => Error {
  return typeof value === "function" && "message" in Object(value.prototype);
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
    throw new ArgumentTypeError(
      `Cannot ${what} with \`${name}\` as the kind of call must be ${kinds.join(" or ")}: current value is ${kind}`,
    );
  }
  if (when !== undefined) {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`when\` must be left out with \`${name}\`: current value is ${show(when)}`,
    );
  }
  checkInteger(what, `\`${name}\``, value, 0, Number.MAX_SAFE_INTEGER);
}

const WHAT = "make calls fail";

/** Kinds of calls that callers do not repeat. */
const FINAL: readonly FaultKind[] = ["unmap", "unbind", "close"];

/** A rule that makes calls fail. */
export class Failure extends Rule {
  /**
   * The number of pages or segments after which a call fails; `undefined` if the inner backend does not receive the
   * call.
   */
  readonly pages: number | undefined;
  readonly #error: unknown;
  readonly #hasError: boolean;

  constructor(kind: FaultKind, options: FailOptions | undefined, random: () => number, clear: () => void) {
    const read = readOptions(WHAT, options, [...SCHEDULE, "error", "when", "afterPages", "afterSegments"]);
    super(WHAT, kind, read, 1, random, clear);
    const { error, when, afterPages, afterSegments } = read;
    if (when !== undefined && when !== "before" && when !== "after") {
      throw new ArgumentTypeError(
        `Cannot ${WHAT} as \`when\` must be "before" or "after": current value is ${show(when)}`,
      );
    }
    checkHalfway(WHAT, "afterPages", afterPages, kind, ["grant", "endAccess"], when);
    checkHalfway(WHAT, "afterSegments", afterSegments, kind, ["copy"], when);
    const after = (when ?? (FINAL.includes(kind) ? "after" : "before")) === "after";
    const halfway = afterPages ?? afterSegments;
    this.pages = halfway === undefined ? (after ? Infinity : undefined) : halfway || undefined;
    this.#error = error;
    this.#hasError = error !== undefined;
  }

  /** The error to throw. */
  error(call: FaultCall): unknown {
    const fault = new InjectedFault(call);
    if (!this.#hasError || this.#error === InjectedFault) return fault;
    if (isErrorClass(this.#error)) return new this.#error(fault.message);
    if (typeof this.#error !== "function") return this.#error;
    const error: unknown = this.#error(call);
    checkSynchronous(WHAT, "the function `error`", error);
    return error;
  }
}
