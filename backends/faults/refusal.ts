import { checkInteger } from "../../src/contract/checks.ts";
import type { CopySegment, GrantPlace } from "../../src/contract/backend.ts";
import { readOptions } from "../../src/contract/options.ts";
import { readGrefs, Rule, type Schedule } from "./rules.ts";

/** Which segments of copies are refused, and how. */
export interface RefuseOptions extends Omit<Schedule, "part"> {
  /** The first segment that is refused, counted from now over all copies. Default is 1, the next one. */
  nth?: number | undefined;
  /** Refuses only segments that read or write a page with one of these references. Default is all segments. */
  grefs?: readonly number[] | undefined;
  /**
   * The status of a refused segment, -32768 to -1, as numbered in Xen's `grant_table.h`. Default is -1, a general
   * error.
   */
  status?: number | undefined;
}

/** The pages that a segment names: one or two. */
export function placesOf({ from, to }: CopySegment): GrantPlace[] {
  return [from, to].filter((place): place is GrantPlace => !(place instanceof Uint8Array));
}

/** A rule that refuses segments of copies. */
export class Refusal extends Rule {
  /** The status of a refused segment. */
  readonly status: number;
  readonly #grefs: ReadonlySet<number> | undefined;

  constructor(options: RefuseOptions | undefined, random: () => number, clear: () => void) {
    const what = "refuse segments";
    const names = ["nth", "times", "rate", "grefs", "status"] as const;
    const { grefs, status = -1, ...schedule } = readOptions(what, options, names);
    super(what, "copy", { ...schedule, part: "maps" }, 1, random, clear);
    checkInteger(what, "`status`", status, -32_768, -1);
    this.#grefs = readGrefs(what, grefs);
    this.status = status;
  }

  /** Whether the rule is due for a segment. If so, call `happens()` or `release()`. */
  refuses(segment: CopySegment): boolean {
    if (this.#grefs && !placesOf(segment).some(({ gref }) => this.#grefs!.has(gref))) return false;
    return this.due("copy", "maps");
  }
}
