import { readOptions } from "../../src/contract/options.ts";
import { checkRate, checkTimes, type FaultRule, readGrefs } from "./rules.ts";

/** Which pages the peer seems to hold, and how often. */
export interface HoldOptions {
  /** The references of the pages. Default is all pages. */
  grefs?: readonly number[] | undefined;
  /** How often `endAccess` returns each page as held. Default is `Infinity`: until the rule is cleared. */
  asks?: number | undefined;
  /** The probability for each page of each call, from 0 to 1. The seed determines the outcome. Default is 1. */
  rate?: number | undefined;
}

/** A rule that makes the peer seem to hold pages. */
export class Hold implements FaultRule {
  fired = 0;
  readonly #grefs: ReadonlySet<number> | undefined;
  readonly #asks: number;
  readonly #rate: number;
  readonly #random: () => number;
  readonly #clear: () => void;
  /** How often `endAccess` was called for each page: by file, as indices count from 0 in each. */
  readonly #asked = new WeakMap<object, Map<number, number>>();

  constructor(options: HoldOptions | undefined, random: () => number, clear: () => void) {
    const what = "hold pages";
    const { grefs, asks = Infinity, rate = 1 } = readOptions(what, options, ["grefs", "asks", "rate"]);
    checkTimes(what, "`asks`", asks);
    checkRate(what, rate);
    this.#grefs = readGrefs(what, grefs);
    this.#asks = asks;
    this.#rate = rate;
    this.#random = random;
    this.#clear = clear;
  }

  /** Whether the peer seems to hold a page of a file for which `endAccess` is called now. */
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
    this.#clear();
  }
}
