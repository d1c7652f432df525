/**
 * What a backend may answer: the same rules for the library and for whatever wraps a backend.
 *
 * @module
 */
import { show } from "./checks.ts";

const NONE: readonly number[] = [];

/**
 * How many pages a call of `grant` granted: those before the first reference that is still 0. Entries beyond the end of
 * the buffer count as 0, because a backend may have transferred it.
 *
 * @param grefs The buffer that `grant` filled.
 * @param count The number of pages that were asked for.
 */
export function grantedCount(grefs: Uint32Array, count: number): number {
  let granted = 0;
  while (granted < count && granted < grefs.length && grefs[granted] !== 0) granted++;
  return granted;
}

/**
 * The offsets that `endAccess` returned: those of the pages to which access has not ended. The array is a copy, which
 * the backend cannot change.
 *
 * @param answer What `endAccess` returned.
 * @param count The number of pages that it was called for.
 * @throws {TypeError} if the answer is not an array of ascending offsets below `count`. No part of it can be trusted
 * then.
 */
export function checkHeld(answer: unknown, count: number): readonly number[] {
  if (!Array.isArray(answer)) {
    throw new TypeError(`\`endAccess\` must return an array of offsets: it returned ${show(answer)}`);
  }
  return answer.length === 0 ? NONE : checkOffsets(answer, count);
}

function checkOffsets(answer: readonly unknown[], count: number): readonly number[] {
  const offsets: number[] = [];
  let least = 0;
  // By index, because the backend's array may override its iterator. The loop ends, because offsets ascend to `count`.
  for (let index = 0; index < answer.length; index++) {
    const offset = answer[index];
    if (!Number.isInteger(offset) || (offset as number) < least || (offset as number) >= count) {
      throw new TypeError(
        `\`endAccess\` must return ascending offsets from 0 to ${count - 1}: one of them is ${show(offset)}`,
      );
    }
    offsets.push(offset as number);
    least = (offset as number) + 1;
  }
  return offsets;
}

/**
 * The offsets of the pages to which access has ended: those that `endAccess` did not name. None if its answer breaks
 * the contract.
 *
 * @param answer What `endAccess` returned.
 * @param count The number of pages that it was called for.
 */
export function endedOffsets(answer: unknown, count: number): number[] {
  let held: ReadonlySet<number>;
  try {
    held = new Set(checkHeld(answer, count));
  } catch {
    return [];
  }
  return Array.from({ length: count }, (_, offset) => offset).filter((offset) => !held.has(offset));
}
