/**
 * What a call from JavaScript into the core costs, apart from the work that it does there.
 *
 * @module
 */
import { createCore } from "../../wasm/core.ts";
import { measure, warmUp } from "../harness/clock.ts";
import { median } from "../harness/rounds.ts";

/**
 * Measures the smallest call into the core, which reads a number. Returns the median of nine measurements, in
 * nanoseconds.
 */
export function measureBorder(milliseconds: number): number {
  const { books } = createCore();
  let sum = 0;
  const work = (times: number) => {
    for (let time = 0; time < times; time++) sum += books.live();
  };
  warmUp(work, 10 * milliseconds);
  const figures = Array.from({ length: 9 }, () => measure(work, milliseconds));
  if (sum !== 0) throw new Error("Cannot measure calls into the core: a new core must have no pages");
  return median(figures);
}
