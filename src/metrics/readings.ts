import type { AllocationReport } from "../grants/reports.ts";
import { checkDevice, type MeasuredDevice } from "./devices.ts";

/** What is measured. */
export interface Metric {
  /** Its name in OpenMetrics, which ends with its unit, if it has one: `gntalloc_live_pages`. */
  readonly name: string;
  /** Its name in OpenTelemetry: `gntalloc.pages.live`. */
  readonly instrument: string;
  /** What it means, in a sentence. */
  readonly help: string;
  /** What it is counted in: `"pages"`, `"seconds"`, or `""` for things that the name says. */
  readonly unit: "pages" | "seconds" | "";
  /** Whether each domain has a value of its own. Those need `trackAllocations`. */
  readonly perDomain: boolean;
}

/** A measured value. */
export interface Reading {
  /** What was measured. */
  readonly metric: Metric;
  /** The value; `Infinity` for a device without a limit. */
  readonly value: number;
  /** The domain that it is about, if it is about one. */
  readonly domid: number | undefined;
}

const pages = (name: string, help: string): Metric => ({
  name: `gntalloc_${name}_pages`,
  instrument: `gntalloc.pages.${name}`,
  help,
  unit: "pages",
  perDomain: false,
});

const LIMIT = pages("limit", "Pages that may be live.");
const LIVE = pages("live", "Pages that count toward the limit.");
const LISTED = pages("listed", "Pages that are allocated and not freed.");
const MAPPED = pages("mapped", "Pages that are mapped in this process.");
const PENDING = pages("pending", "Freed pages to which the access of a peer has not ended.");
const FREED_MAPPED = pages("freed_mapped", "Freed pages that are still mapped in this process.");
const ALLOCATORS: Metric = {
  name: "gntalloc_allocators",
  instrument: "gntalloc.allocators",
  help: "Open allocators.",
  unit: "",
  perDomain: false,
};
const MAPPINGS: Metric = {
  name: "gntalloc_mappings",
  instrument: "gntalloc.mappings",
  help: "Mappings of open allocators' pages in this process.",
  unit: "",
  perDomain: false,
};
const PEER: Metric = {
  ...pages("peer", "Pages that are allocated for a domain and not freed, if allocations are tracked."),
  perDomain: true,
};
const OLDEST: Metric = {
  name: "gntalloc_oldest_allocation_seconds",
  instrument: "gntalloc.allocation.oldest",
  help: "The age of the oldest allocation for a domain that holds pages, if allocations are tracked.",
  unit: "seconds",
  perDomain: true,
};

/** All metrics of a device, in the order in which {@linkcode readMetrics} returns them. */
export const METRICS: readonly Metric[] = [
  LIMIT,
  LIVE,
  LISTED,
  MAPPED,
  PENDING,
  FREED_MAPPED,
  ALLOCATORS,
  MAPPINGS,
  PEER,
  OLDEST,
];

/**
 * Measures a device, for metrics libraries that are not supported otherwise. Readings of one metric follow each other.
 *
 * @param device The device.
 * @returns The readings. A limit that is not known has none. Those about domains need `trackAllocations`.
 * @throws {TypeError} if it is no device.
 *
 * @example See how full a device is
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { readMetrics } from "@gntalloc/gntalloc/metrics";
 * import assert from "node:assert/strict";
 *
 * using device = new GrantDevice(new MockXen().domain(1), { limit: 8 });
 * device.open().allocate(0, { pages: 2 });
 * const values = Object.fromEntries(readMetrics(device).map(({ metric, value }) => [metric.name, value]));
 * assert.equal(values.gntalloc_live_pages! / values.gntalloc_limit_pages!, 0.25);
 * ```
 */
export function readMetrics(device: MeasuredDevice): Reading[] {
  checkDevice("read metrics", device);
  const { limit, live, listed, mapped, pending, freedMapped, allocators, allocations = [] } = device.inspect();
  const reading = (metric: Metric, value: number, domid?: number): Reading => ({ metric, value, domid });
  const peers = Map.groupBy(allocations, ({ domid }) => domid);
  return [
    ...(limit === undefined ? [] : [reading(LIMIT, limit)]),
    reading(LIVE, live),
    reading(LISTED, listed),
    reading(MAPPED, mapped),
    reading(PENDING, pending),
    reading(FREED_MAPPED, freedMapped),
    reading(ALLOCATORS, allocators.length),
    reading(MAPPINGS, allocators.reduce((sum, { mappings }) => sum + mappings, 0)),
    ...[...peers].map(([domid, list]) => reading(PEER, left(list), domid)),
    ...[...peers].map(([domid, list]) => reading(OLDEST, oldest(list) / 1000, domid)),
  ];
}

/** The greatest age, in milliseconds. There may be more allocations than a call can have arguments. */
function oldest(allocations: readonly AllocationReport[]): number {
  return allocations.reduce((most, { age }) => Math.max(most, age), 0);
}

function left(allocations: readonly AllocationReport[]): number {
  return allocations.reduce((sum, { pages, freed }) => sum + pages - freed, 0);
}
