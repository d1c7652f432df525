/**
 * The mutants that make no difference, with the reason: `test/mutants/equivalent.json`.
 *
 * @module
 */
import type { Mutant } from "./operators.ts";
import { ROOT } from "./sources.ts";

/** A mutant that no test can notice. */
export interface Equivalent extends Pick<Mutant, "file" | "before" | "after"> {
  /** Why it makes no difference. */
  readonly reason: string;
}

/** Reads the list. */
export async function readEquivalents(): Promise<Equivalent[]> {
  return JSON.parse(await Deno.readTextFile(new URL("test/mutants/equivalent.json", ROOT)));
}

/** Whether a mutant is in the list. Its line number does not count, because it changes often. */
export function isEquivalent({ file, before, after }: Mutant, equivalents: readonly Equivalent[]): boolean {
  return equivalents.some((known) => known.file === file && known.before === before && known.after === after);
}
