/**
 * The results of the bench of disks, as they are kept.
 *
 * @module
 */
import type { Message } from "../../test/rig/report.ts";
import type { Provenance } from "../harness/provenance.ts";

/** All sides, in the order in which they are measured. */
export const SIDES = ["kernel", "deno", "node"] as const;
export type SideName = typeof SIDES[number];

/** What they do: read 1 MiB at a time, one after the other; or 4 KiB anywhere, 32 at a time. */
export const VERBS = ["sequential", "random"] as const;
export type Verb = typeof VERBS[number];

/** Microseconds that each side needs for a request: one figure for each round. */
export interface TimeFigures {
  readonly verb: Verb;
  readonly rounds: Readonly<Record<SideName, readonly number[]>>;
}

/** What a request costs the machine, on average, once the disk has been read for a while. */
export interface CostFigures {
  readonly side: SideName;
  readonly verb: Verb;
  readonly grants: number;
  /** Calls by which dom0's kernel maps pages. */
  readonly maps: number;
  /** Events that arrive at each side. */
  readonly toBackend: number;
  readonly toFrontend: number;
}

export interface DiskResults extends Provenance {
  readonly time: readonly TimeFigures[];
  readonly cost: readonly CostFigures[];
}

/** The names of the tests in dom0 that report figures. */
export const TIME = "bench: time of reads,";
export const COST = "bench: cost of reads,";

/** Collects what the tests in dom0 reported. */
export function resultsOf(records: readonly Message[], provenance: Provenance): DiskResults {
  const reported = new Map<string, string>();
  for (const record of records) if (record.kind === "ok" && record.detail) reported.set(record.name, record.detail);
  const read = (name: string) => JSON.parse(reported.get(name)!);
  return {
    ...provenance,
    time: VERBS.map((verb) => read(`${TIME} ${verb}`) as TimeFigures),
    cost: VERBS.flatMap((verb) => read(`${COST} ${verb}`) as CostFigures[]),
  };
}
