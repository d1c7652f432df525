import { checkInteger } from "../../src/contract/checks.ts";
import { readOptions } from "../../src/contract/options.ts";
import type { FaultRule } from "./rules.ts";

/** Into which pieces replies and events of XenStore are split. */
export interface SplitOptions {
  /** The most bytes of a piece, from 1. Default is 1: a message arrives byte by byte. */
  size?: number | undefined;
}

/** A rule that makes replies and events of XenStore arrive in pieces. */
export class Split implements FaultRule {
  fired = 0;
  readonly size: number;
  readonly #clear: () => void;

  constructor(options: SplitOptions | undefined, clear: () => void) {
    const what = "split messages";
    const { size = 1 } = readOptions(what, options, ["size"]);
    checkInteger(what, "`size`", size, 1, Number.MAX_SAFE_INTEGER);
    this.size = size;
    this.#clear = clear;
  }

  clear(): void {
    this.#clear();
  }
}
