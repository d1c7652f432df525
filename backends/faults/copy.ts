import { show } from "../../src/contract/checks.ts";
import type { CopySegment, MapFile } from "../../src/contract/backend.ts";
import type { Refusal } from "./refusal.ts";

/** The statuses of the segments that rules refuse, by their index in the copy. Each rule counts the segments. */
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
 * Copies the segments that are not refused.
 *
 * @returns A status for each segment, refused ones included.
 * @throws {TypeError} if the inner backend does not return a status for each segment: the statuses could not be
 * assigned.
 */
export function copyOthers(
  file: MapFile,
  segments: readonly CopySegment[],
  refused: ReadonlyMap<number, number>,
): readonly number[] {
  const passed = segments.filter((_, index) => !refused.has(index));
  const statuses: unknown = passed.length > 0 ? file.copy(passed) : [];
  if (!Array.isArray(statuses) || statuses.length !== passed.length) {
    const current = Array.isArray(statuses) ? `${statuses.length} statuses` : show(statuses);
    throw new TypeError(
      `\`copy\` must return an array with a status for each of ${passed.length} segments: it returned ${current}`,
    );
  }
  let next = 0;
  return segments.map((_, index) => refused.get(index) ?? statuses[next++]);
}
