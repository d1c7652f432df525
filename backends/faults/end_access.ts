import { show } from "../../src/contract/checks.ts";
import type { GrantFile } from "../../src/contract/backend.ts";

/**
 * What a backend says that has not ended, by the rule that the library has for it.
 *
 * @throws {TypeError} if it breaks the contract of backends.
 */
export function checkHeld(held: unknown, count: number): number[] {
  if (!Array.isArray(held)) {
    throw new TypeError(`it must say which pages have not ended in an array: it said ${show(held)}`);
  }
  const offsets = Array.from(held);
  let least = 0;
  for (const offset of offsets) {
    if (!Number.isInteger(offset) || offset < least || offset >= count) {
      throw new TypeError(`it says that page ${show(offset)} of ${count} has not ended`);
    }
    least = offset + 1;
  }
  return offsets;
}

/**
 * Ends access to some pages of a run, one stretch after the other.
 *
 * @param passed Whether the backend below is asked for a page.
 * @returns The offsets of pages that were passed and to which access has not ended, because the peer holds them or because
 * it failed; and the first failure.
 */
export function endStretches(
  file: GrantFile,
  page: number,
  count: number,
  grefs: Uint32Array,
  passed: (offset: number) => boolean,
): { held: Set<number>; failure?: { error: unknown } } {
  const held = new Set<number>();
  let failure: { error: unknown } | undefined;
  for (let from = 0; from < count;) {
    let to = from;
    while (to < count && passed(to)) to++;
    if (to > from) {
      try {
        // An offset beyond the stretch would name a page that another one, or nobody, was asked about.
        const answer = file.endAccess(page + from, to - from, grefs.subarray(from, to));
        for (const offset of checkHeld(answer, to - from)) held.add(from + offset);
      } catch (error) {
        failure ??= { error };
        for (let offset = from; offset < to; offset++) held.add(offset);
      }
    }
    from = to + 1;
  }
  return { held, ...(failure ? { failure } : {}) };
}
