/**
 * The results of the benches on a device, as they are kept.
 *
 * @module
 */
import type { Message } from "../../test/rig/report.ts";
import type { Provenance } from "../harness/provenance.ts";

/** All sides, in the order in which they are measured. `bare` is Deno without this library. */
export const SIDES = ["c", "bare", "deno", "node"] as const;

/** The name of a side. */
export type SideName = typeof SIDES[number];

/** Microseconds that each side needs for an operation: one figure for each round. */
export interface TimeFigures {
  readonly pages: number;
  /** Operations of a round. */
  readonly times: number;
  /** The rounds before those that count, and whether the last of them agreed. */
  readonly warmUp: number;
  readonly settled: boolean;
  readonly rounds: Readonly<Record<SideName, readonly number[]>>;
}

/** How often a side makes each system call for an operation, on average. Calls of the runtime itself count, too. */
export interface SystemCallFigures {
  readonly side: SideName;
  readonly pages: number;
  readonly calls: Readonly<Record<string, number>>;
}

/** Bytes of V8's heap that an operation takes. */
export interface HeapFigures {
  readonly side: SideName;
  readonly pages: number;
  readonly bytes: number;
}

/** A run over the device that stands in. */
export interface NativeResults extends Provenance {
  readonly time: readonly TimeFigures[];
}

/** A run on the real device. */
export interface XenResults extends NativeResults {
  readonly systemCalls: readonly SystemCallFigures[];
  readonly heap: readonly HeapFigures[];
}

/** The names of the tests in dom0 that report figures. */
export const TIME = "bench: time of";
export const SYSTEM_CALLS = "bench: no side makes more system calls than C";
export const HEAP = "bench: bytes of the heap";

/** Collects what the tests in dom0 reported. */
export function resultsOf(records: readonly Message[], provenance: Provenance): XenResults {
  const reported = new Map<string, unknown>();
  for (const record of records) {
    if (record.kind === "ok" && record.detail) reported.set(record.name, JSON.parse(record.detail));
  }
  const all = (title: string) => [...reported].filter(([name]) => name.startsWith(title)).map(([, value]) => value);
  return {
    ...provenance,
    time: all(TIME) as TimeFigures[],
    systemCalls: all(SYSTEM_CALLS).flat() as SystemCallFigures[],
    heap: reported.get(HEAP) as HeapFigures[],
  };
}
