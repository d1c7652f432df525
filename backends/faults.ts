/**
 * Faults on purpose, in any backend: calls that fail before, after or half-way through what they do, at a given time or at
 * random; peers that never let go; and something that happens in the middle. For testing what a program does then.
 *
 * What a fault stops half-way is undone in the backend below, or reported as the contract of backends demands. So after any
 * faults the books balance, and when they are over everything can be given back.
 *
 * @example An allocation that fails after two of its three pages were granted
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { Faults } from "@gntalloc/gntalloc/faults";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * const faults = new Faults();
 * const device = new GrantDevice({ grants: faults.grants(xen.domain(1).grants) });
 * const allocator = device.open();
 *
 * faults.fail("grant", { afterPages: 2 });
 * assert.throws(() => allocator.allocate(0, { pages: 3 }), { code: "backend-failed", operation: "allocate" });
 * assert.equal(device.inspect().live, 0); // the two were taken back
 * assert.equal(allocator.allocate(0).page, 0);
 *
 * device.close();
 * xen.assertClean();
 * ```
 *
 * @module
 */
export type {
  CopySegment,
  EventBackend,
  EventFile,
  GrantBackend,
  GrantFile,
  GrantPlace,
  MapBackend,
  MapFile,
  MappedMemory,
  PeerMemory,
  UnmapNotify,
} from "../src/contract/backend.ts";
export { type FaultCall, type FaultKind, type FaultSide, InjectedFault } from "./faults/call.ts";
export { type FailOptions } from "./faults/failure.ts";
export { Faults, type FaultsOptions } from "./faults/faults.ts";
export { type HoldOptions } from "./faults/hold.ts";
export { type RefuseOptions } from "./faults/refusal.ts";
export { type FaultRule, type Schedule } from "./faults/rules.ts";
