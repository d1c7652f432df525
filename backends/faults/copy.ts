import { show } from "../../src/contract/checks.ts";
import type { CopySegment, MapFile } from "../../src/contract/backend.ts";
import type { Refusal } from "./refusal.ts";

/** The status of each segment that is refused, by its number in the copy. Each rule counts the segments. */
export function refusedSegments(segments: readonly CopySegment[], refusals: Iterable<Refusal>): Map<number, number> {
  const refused = new Map<number, number>();
  const rules = [...refusals];
  for (const [index, segment] of segments.entries()) {
    const [chosen, ...others] = rules.filter((refusal) => refusal.refuses(segment));
    for (const other of others) other.release();
    if (!chosen) continue;
    chosen.happens();
    refused.set(index, chosen.status);
  }
  return refused;
}

/**
 * Copies the segments that are not refused: a status for each, in order.
 *
 * @throws {TypeError} if the backend below breaks the contract of backends, as its statuses could not be told apart then.
 */
export function copyOthers(
  file: MapFile,
  segments: readonly CopySegment[],
  refused: ReadonlyMap<number, number>,
): readonly number[] {
  const passed = segments.filter((_, index) => !refused.has(index));
  const statuses: unknown = passed.length > 0 ? file.copy(passed) : [];
  if (!Array.isArray(statuses) || statuses.length !== passed.length) {
    const said = Array.isArray(statuses) ? `${statuses.length} statuses` : show(statuses);
    throw new TypeError(`it must say a status for each of ${passed.length} segments in an array: it said ${said}`);
  }
  let next = 0;
  return segments.map((_, index) => refused.get(index) ?? statuses[next++]);
}
