/**
 * The grant references of an allocation, as they are kept: one number if they are consecutive, an array otherwise.
 *
 * The number is the first reference if they ascend by one, as in a new table, or if there is only one. It is the
 * negative of the first if they descend by one, as references do after they were freed in order.
 */
export type Grefs = number | readonly number[];

/** Keeps the first `count` references of a buffer that is used again. */
export function keepGrefs(grefs: Uint32Array, count: number): Grefs {
  const first = grefs[0]!;
  if (count === 1) return first;
  const step = grefs[1]! - first;
  return (step === 1 || step === -1) && isRun(grefs, count, step) ? first * step : copy(grefs, count);
}

function isRun(grefs: Uint32Array, count: number, step: number): boolean {
  let gref = grefs[0]!;
  for (let index = 1; index < count; index++) {
    gref += step;
    if (grefs[index] !== gref) return false;
  }
  return true;
}

function copy(grefs: ArrayLike<number>, count: number): number[] {
  const list = new Array<number>(count);
  for (let index = 0; index < count; index++) list[index] = grefs[index]!;
  return list;
}

/** The first reference of an allocation. */
export function firstGref(grefs: Grefs): number {
  return typeof grefs === "number" ? Math.abs(grefs) : grefs[0]!;
}

/** A new array of the references of `count` pages. */
export function listGrefs(grefs: Grefs, count: number): number[] {
  if (typeof grefs !== "number") return copy(grefs, count);
  const list = new Array<number>(count);
  const step = Math.sign(grefs);
  let gref = Math.abs(grefs);
  for (let index = 0; index < count; index++) {
    list[index] = gref;
    gref += step;
  }
  return list;
}
