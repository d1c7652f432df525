/**
 * The references of an allocation, as they are kept and as they are shown.
 *
 * They are shown as a frozen array. To freeze one costs more than all else that is done for a page, so it is done when
 * somebody asks, and not again for the same references: the last ones to be freed are the first to be used again, so
 * that they come back soon. Beside it the same references are kept in an array that is not frozen, as compilers make slow
 * code of reading frozen ones; nobody else has that one.
 *
 * @module
 */

/** The references of an allocation: one; several; or as they were shown. */
export type Grefs = number | readonly number[];

interface Shown {
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
  const own = places[place(first, count)]?.own;
  if (own !== undefined && isSame(own, grefs, count)) return own;
  const copy = new Array<number>(count);
  for (let index = 0; index < count; index++) copy[index] = grefs[index]!;
  return copy;
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
  return typeof grefs === "number" ? grefs : grefs[0]!;
}

/** References as they are shown: in an array that nobody can change. */
export function showGrefs(grefs: Grefs): readonly number[] {
  if (typeof grefs === "number") {
    const at = place(grefs, 1);
    const shown = places[at];
    if (shown !== undefined && shown.own.length === 1 && shown.own[0] === grefs) return shown.frozen;
    return show([grefs], at);
  }
  if (Object.isFrozen(grefs)) return grefs;
  const at = place(grefs[0]!, grefs.length);
  const shown = places[at];
  return shown !== undefined && shown.own === grefs ? shown.frozen : show(grefs, at);
}

function show(own: readonly number[], at: number): readonly number[] {
  const frozen = Object.freeze(own.slice());
  if (own.length <= MOST) places[at] = { own, frozen };
  return frozen;
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
