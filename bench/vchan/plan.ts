/**
 * What the bench of channels measures: groups of pairs that take turns, and what each pair does.
 *
 * @module
 */
import { type Maker, type PairPlan, SPIN } from "./pair.ts";

/** Bytes that all pairs of a group move. */
export interface Work {
  readonly kind: "stream" | "stream by tryWrite()" | "round trip";
  /** The bytes of a write or a message. */
  readonly size: number;
  /** How many writes, or round trips. */
  readonly count: number;
}

/** Pairs that are measured together. */
export interface Group {
  readonly title: string;
  /** How many bytes each ring has. */
  readonly ring: number;
  /** Whether both ends run on one processor. */
  readonly shared: boolean;
  readonly pairs: readonly PairPlan[];
  readonly works: readonly Work[];
}

const MIB = 1024 * 1024;
const RING = 64 * 1024;

/** The bytes of a small message. */
export const SMALL = 64;

/**
 * The groups, for those of the library's runtimes that take part.
 *
 * @param share How much of a full run's work to do.
 */
export function groupsFor(runtimes: readonly Maker[], share: number): Group[] {
  const both = runtimes.map((maker): PairPlan => ({ client: maker, server: maker, spin: SPIN }));
  const silent = both.map((pair) => ({ ...pair, spin: 0 }));
  const mixed = runtimes.flatMap((maker): PairPlan[] => [
    { client: maker, server: "C", spin: SPIN },
    { client: "C", server: maker, spin: SPIN },
  ]);
  const c: PairPlan = { client: "C", server: "C", spin: SPIN };
  const stream = (size: number, bytes: number): Work => ({ kind: "stream", size, count: share * bytes / size });
  const roundTrips: Work = { kind: "round trip", size: SMALL, count: share * 2000 };
  return [
    {
      title: "64 KiB rings, a processor an end",
      ring: RING,
      shared: false,
      pairs: [c, ...both, ...silent, ...mixed],
      works: [
        stream(SMALL, 16 * MIB),
        { ...stream(SMALL, 16 * MIB), kind: "stream by tryWrite()" },
        stream(1024, 64 * MIB),
        stream(4096, 128 * MIB),
        stream(64 * 1024, 128 * MIB),
        roundTrips,
      ],
    },
    {
      title: "1 MiB rings, a processor an end",
      ring: MIB,
      shared: false,
      pairs: [c, ...both],
      works: [stream(64 * 1024, 512 * MIB)],
    },
    {
      title: "64 KiB rings, both ends on one processor",
      ring: RING,
      shared: true,
      pairs: [c, ...both, ...silent],
      works: [
        roundTrips,
      ],
    },
  ];
}
