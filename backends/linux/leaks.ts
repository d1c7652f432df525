import { placeOfCaller, watchForLeak } from "../../src/contract/leaks.ts";
import type { Device } from "./errors.ts";

/** What an open file of a device holds, apart from the file itself. */
export interface FileHoldings {
  /** The number of pages, mappings or ports. */
  count: number;
  closed: boolean;
}

/** The words of the warning. */
interface LeakWords {
  /** The public class whose file it is: "GrantDevice". */
  readonly owner: string;
  /** What the file holds, and what becomes of it: "page granted", and "pages granted". Absent if nobody counts it. */
  readonly things?: readonly [one: string, several: string];
}

/**
 * Warns if a file is dropped without being closed. The program cannot close it any more, and nobody else does before it
 * ends: descriptors are not garbage.
 *
 * @param file The object that all handles of the file lead to.
 * @returns What the file holds, for the file to keep up to date.
 */
export function watchFile(
  file: object,
  { path, warnOfLeaks }: Pick<Device, "path" | "warnOfLeaks">,
  { owner, things }: LeakWords,
): FileHoldings {
  const holdings: FileHoldings = { count: 0, closed: false };
  if (!warnOfLeaks) return holdings;
  const place = placeOfCaller();
  watchForLeak(file, path, () => {
    const { count, closed } = holdings;
    if (closed) return undefined;
    const what = count === 0 || things === undefined
      ? "It stays open"
      : `It stays open with ${count === 1 ? `1 ${things[0]}` : `${count} ${things[1]}`}`;
    const where = place === undefined ? "" : `, opened at ${place},`;
    return `A file of ${path}${where} was dropped without being closed. ${what} until the program ends. Keep the ` +
      `${owner}, and close it or declare it with \`using\`. To turn this warning off, set \`warnOfLeaks: false\` of ` +
      "the domain.";
  });
  return holdings;
}
