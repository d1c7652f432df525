import { Forecast, isSafe } from "./forecast.ts";
import type { Step } from "./trace.ts";

/** A real device has to play each attempt. */
const MOST_ATTEMPTS = 1000;

/**
 * Drops steps from a trace while it still fails: long runs first, then single steps. In the result every step is
 * needed, unless that took too many attempts.
 *
 * @param steps A trace that fails.
 * @param fails Returns whether a trace fails.
 */
export function shrink(steps: readonly Step[], fails: (steps: readonly Step[]) => boolean): readonly Step[] {
  let attempts = 0;
  const better = (candidate: readonly Step[]) => {
    // Without some of its steps a trace may be one whose answers depend on the time.
    return attempts < MOST_ATTEMPTS && isSafe(candidate) && ++attempts > 0 && fails(candidate);
  };
  let size = Math.ceil(steps.length / 2);
  while (size > 0) {
    let found = false;
    for (let start = steps.length - size; start > -size; start -= size) {
      const from = Math.max(0, start);
      const end = start + size;
      const candidates = [[...steps.slice(0, from), ...steps.slice(end)]];
      if (size === 1) candidates.push(withoutPages(steps, from));
      const shorter = candidates.find(better);
      if (!shorter) continue;
      steps = shorter;
      found = true;
    }
    if (size > 1) size = Math.floor(size / 2);
    else if (!found) break;
  }
  return steps;
}

/** Without an allocation the later pages of its file have lower indices: drops a step, and corrects those behind it. */
function withoutPages(steps: readonly Step[], at: number): Step[] {
  const forecast = new Forecast();
  for (const step of steps.slice(0, at)) forecast.apply(step);
  const dropped = steps[at]!;
  const first = dropped.op === "allocate" ? forecast.openFile(dropped.file)?.pages.length ?? 0 : 0;
  const rest = steps.slice(at + 1).map((step) => {
    if (dropped.op !== "allocate" || !("page" in step && "file" in step) || step.file !== dropped.file) return step;
    return step.page < first + dropped.pages ? step : { ...step, page: step.page - dropped.pages };
  });
  return [...steps.slice(0, at), ...rest];
}
