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

/**
 * Returns the references of pages that somebody names: by themselves, or by the name under which they are published.
 *
 * @param look Looks for what is published by a name.
 */
export async function referencesOf(
  what: readonly string[],
  look: (name: string) => Promise<number[]>,
): Promise<number[]> {
  if (what.every(isReferences)) return what.flatMap(readReferences);
  const [name, ...others] = what;
  if (others.length > 0 || /^\d/.test(name!)) {
    throw new UsageError(
      `Cannot use the pages as they must be references such as 8-11,14, or one name: current value is "${
        what.join(" ")
      }"`,
    );
  }
  return await look(name!);
}

/** Reads references: numbers and ranges, separated by commas. */
export function readReferences(text: string): number[] {
  if (!isReferences(text)) {
    throw new UsageError(`Cannot use the references as they must be like 8-11,14: current value is "${text}"`);
  }
  const grefs: number[] = [];
  for (const part of text.split(",")) {
    const [first, last = first] = part.split("-").map(Number) as [number, number?];
    const refuse = (why: string) => new UsageError(`Cannot use the references as ${part} ${why}`);
    if (last > 0xffff_ffff) throw refuse("has one above 4294967295, the highest.");
    if (last < first) throw refuse("is no range of references. Write the lower one first.");
    if (grefs.length + last - first >= MOST) throw refuse(`makes them more than ${MOST}. Use fewer at once.`);
    for (let gref = first; gref <= last; gref++) grefs.push(gref);
  }
  return grefs;
}
