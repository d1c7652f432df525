/**
 * The references of an allocation, as they are kept and as they are shown.
 *
 * They are shown as a frozen array. To freeze one costs more than all else that is done for a page, so it is done when
 * somebody asks, and not again for the same references: the last ones to be freed are the first to be used again, so
 * that they come back soon.
 *
 * @module
 */

/** The references of an allocation: one, or several. */
export type Grefs = number | readonly number[];

/** Places for frozen arrays: each may hold those whose first reference and length lead there. */
const PLACES = 256;
/** The longest array that is kept. */
const MOST = 512;
const places: (readonly number[] | undefined)[] = new Array(PLACES).fill(undefined);

function place(first: number, count: number): number {
  return (first + count * 31) % PLACES;
}

/** Copies references, the first `count` of some. */
export function copyGrefs(grefs: Uint32Array, count: number): Grefs {
  const first = grefs[0]!;
  if (count === 1) return first;
  const known = places[place(first, count)];
  if (known !== undefined && isSame(known, grefs, count)) return known;
  const copy = new Array<number>(count);
  for (let index = 0; index < count; index++) copy[index] = grefs[index]!;
  return copy;
}

function isSame(known: readonly number[], grefs: Uint32Array, count: number): boolean {
  if (known.length !== count) return false;
  for (let index = 0; index < count; index++) {
    if (known[index] !== grefs[index]) return false;
  }
  return true;
}

/** References as nobody can change them; an array is frozen itself. */
export function freezeGrefs(grefs: Grefs): readonly number[] {
  const single = typeof grefs === "number";
  const count = single ? 1 : grefs.length;
  const at = place(single ? grefs : grefs[0]!, count);
  const known = places[at];
  if (known !== undefined && (single ? known.length === 1 && known[0] === grefs : known === grefs)) return known;
  const frozen = Object.freeze(single ? [grefs] : grefs);
  if (count <= MOST) places[at] = frozen;
  return frozen;
}

/** Whether an array is one that was frozen here: nobody can change it, and all that is in it is references. */
export function isFrozenHere(grefs: readonly number[]): boolean {
  return places[place(grefs[0]!, grefs.length)] === grefs;
}
