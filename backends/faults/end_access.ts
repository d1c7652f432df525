import type { GrantFile } from "../backend.ts";

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
        for (const offset of file.endAccess(page + from, to - from, grefs.subarray(from, to))) held.add(from + offset);
      } catch (error) {
        failure ??= { error };
        for (let offset = from; offset < to; offset++) held.add(offset);
      }
    }
    from = to + 1;
  }
  return { held, ...(failure ? { failure } : {}) };
}
