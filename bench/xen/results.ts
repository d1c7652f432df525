/**
 * What the bench on the real device found, as it is kept.
 *
 * @module
 */
import type { Message } from "../../test/rig/report.ts";

/** All sides, in the order in which they are measured: `bare` is Deno without this library. */
export const SIDES = ["c", "bare", "deno", "node"] as const;

/** What a side is called. */
export type SideName = typeof SIDES[number];

/** Microseconds that each side needed for an operation: one figure for each round. */
export interface TimeFigures {
  readonly pages: number;
  /** Operations of a round. */
  readonly times: number;
  /** Rounds before those that count, and whether they agreed in the end. */
  readonly warmUp: number;
  readonly settled: boolean;
  readonly rounds: Readonly<Record<SideName, readonly number[]>>;
}

/** How often a side made each system call for an operation, on average: its own and those of its runtime. */
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

/** A run of the bench. */
export interface XenResults {
  readonly date: string;
  readonly machine: { readonly processor: string; readonly cores: number };
  readonly versions: Readonly<Record<string, string>>;
  readonly time: readonly TimeFigures[];
  readonly systemCalls: readonly SystemCallFigures[];
  readonly heap: readonly HeapFigures[];
}

/** The names of the tests in dom0 that report figures. */
export const TIME = "bench: time of";
export const SYSTEM_CALLS = "bench: no side makes more system calls than C";
export const HEAP = "bench: bytes of the heap";

/** Puts together what the tests in dom0 reported. */
export function resultsOf(
  records: readonly Message[],
  about: Pick<XenResults, "date" | "machine" | "versions">,
): XenResults {
  const reported = new Map<string, unknown>();
  for (const record of records) {
    if (record.kind === "ok" && record.detail) reported.set(record.name, JSON.parse(record.detail));
  }
  const all = (title: string) => [...reported].filter(([name]) => name.startsWith(title)).map(([, value]) => value);
  return {
    ...about,
    time: all(TIME) as TimeFigures[],
    systemCalls: all(SYSTEM_CALLS).flat() as SystemCallFigures[],
    heap: reported.get(HEAP) as HeapFigures[],
  };
}
