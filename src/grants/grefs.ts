/**
 * The references of an allocation, as they are kept and as they are shown.
 *
 * They are shown as a frozen array. To freeze one takes about a sixth of what all else takes that is done for a page, so it is done
 * when somebody asks, and not again for the same references: the last ones to be freed are the first to be used again, so
 * that they come back soon. Beside it the same references are kept in an array that is not frozen, as compilers make slow
 * code of reading frozen ones; nobody else has that one.
 *
 * @module
 */

/**
 * The references of an allocation: the first, if from page to page they go up by one, as those of a new table do, and of one page;
 * the first with a minus before it, if they go down by one, as those do that were freed in order; all of them otherwise; or as they
 * were shown.
 */
export type Grefs = number | readonly number[];

interface Shown {
  readonly grefs: Grefs;
  /** All of them. */
  readonly own: readonly number[];
  readonly frozen: readonly number[];
}

/** Places for what was shown: each may hold what its first reference and its length lead to. */
const PLACES = 256;
/** The most references that are kept together. */
const MOST = 512;
const places: (Shown | undefined)[] = new Array(PLACES).fill(undefined);

function place(first: number, count: number): number {
  return (first + count * 31) % PLACES;
}

/** Copies references, the first `count` of some. */
export function copyGrefs(grefs: Uint32Array, count: number): Grefs {
  const first = grefs[0]!;
  if (count === 1) return first;
  const step = grefs[1]! - first;
  if ((step === 1 || step === -1) && isRun(grefs, count, step)) return first * step;
  const own = places[place(first, count)]?.own;
  if (own !== undefined && isSame(own, grefs, count)) return own;
  const copy = new Array<number>(count);
  for (let index = 0; index < count; index++) copy[index] = grefs[index]!;
  return copy;
}

function isRun(grefs: Uint32Array, count: number, step: number): boolean {
  let gref = grefs[0]!;
  for (let index = 1; index < count; index++) {
    gref += step;
    if (grefs[index] !== gref) return false;
  }
  return true;
}

function isSame(own: readonly number[], grefs: Uint32Array, count: number): boolean {
  if (own.length !== count) return false;
  for (let index = 0; index < count; index++) {
    if (own[index] !== grefs[index]) return false;
  }
  return true;
}

/** The first reference of an allocation. */
export function firstGref(grefs: Grefs): number {
  return typeof grefs === "number" ? Math.abs(grefs) : grefs[0]!;
}

/** References of `count` pages as they are shown: in an array that nobody can change. */
export function showGrefs(grefs: Grefs, count: number): readonly number[] {
  if (typeof grefs !== "number" && Object.isFrozen(grefs)) return grefs;
  const at = place(firstGref(grefs), count);
  const shown = places[at];
  if (shown !== undefined && shown.grefs === grefs && shown.own.length === count) return shown.frozen;
  const own = typeof grefs === "number" ? unfold(grefs, count) : grefs;
  const frozen = Object.freeze(own.slice());
  if (count <= MOST) places[at] = { grefs, own, frozen };
  return frozen;
}

function unfold(grefs: number, count: number): readonly number[] {
  const first = Math.abs(grefs);
  const step = Math.sign(grefs);
  return Array.from({ length: count }, (_, index) => first + index * step);
}

/**
 * A copy of references that were shown, if this array is how: then all that is in it is references.
 *
 * @returns The copy, or undefined if it must be looked at.
 */
export function copyShown(grefs: readonly number[]): readonly number[] | undefined {
  const first: unknown = grefs[0];
  if (typeof first !== "number") return undefined;
  const shown = places[place(first, grefs.length)];
  if (shown === undefined || shown.frozen !== grefs) return undefined;
  return shown.own.length === 1 ? [shown.own[0]!] : shown.own.slice();
}
