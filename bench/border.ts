/**
 * What it costs to cross the border between JavaScript and the core, whatever is done behind it.
 *
 * @module
 */
import { createCore } from "../wasm/core.ts";
import { measure, median, warmUp } from "./clock.ts";

/** Nanoseconds of the smallest call into the core, which reads a number: the middle one of some measurements. */
export function measureBorder(milliseconds: number): number {
  const { books } = createCore();
  let sum = 0;
  const work = (times: number) => {
    for (let time = 0; time < times; time++) sum += books.live();
  };
  warmUp(work, 10 * milliseconds);
  const figures = Array.from({ length: 9 }, () => measure(work, milliseconds));
  if (sum !== 0) throw new Error("Cannot measure the border: the core has pages");
  return median(figures);
}
