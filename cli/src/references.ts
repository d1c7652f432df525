import { UsageError } from "./exit.ts";

/** How many references a list may have: more than any mapping. */
const MOST = 1 << 20;

/** Writes references as ranges: `8-11,14`. */
export function writeReferences(grefs: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const gref of grefs) {
    const run = runs.at(-1);
    if (run && run[1] === gref - 1) run[1] = gref;
    else runs.push([gref, gref]);
  }
  return runs.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(",");
}

/** Whether a text looks like a list of references, and not like a name. */
export function isReferences(text: string): boolean {
  return /^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text);
}

/** Reads references: numbers and ranges, separated by commas. */
export function readReferences(text: string): number[] {
  if (!isReferences(text)) {
    throw new UsageError(`Cannot use the references as they must be like 8-11,14: current value is "${text}"`);
  }
  const grefs: number[] = [];
  for (const part of text.split(",")) {
    const [first, last = first] = part.split("-").map(Number) as [number, number?];
    if (last < first || last > 0xffff_ffff || grefs.length + last - first >= MOST) {
      throw new UsageError(
        `Cannot use the references as ${part} is no range of references. Write the lower one first.`,
      );
    }
    for (let gref = first; gref <= last; gref++) grefs.push(gref);
  }
  return grefs;
}
