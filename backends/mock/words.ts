/** Wording that the messages of the mock share. */

/** How many ranges are shown. */
const SHOWN = 8;

/** Numbers as ranges: "8 to 11, 14 and 20". */
export function ranges(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of [...new Set(numbers)].sort((one, other) => one - other)) {
    const run = runs.at(-1);
    if (run && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  const shown = runs.slice(0, SHOWN).map(([first, last]) => first === last ? `${first}` : `${first} to ${last}`);
  if (runs.length > SHOWN) shown.push(`${runs.length - SHOWN} more`);
  const last = shown.pop() ?? "";
  return shown.length > 0 ? `${shown.join(", ")} and ${last}` : last;
}
