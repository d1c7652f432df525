/**
 * Injects faults into the backends of a domain, to test a program's error handling: calls that fail before, after or
 * halfway through what they do, at a chosen time or at random; peers that hold pages; and actions in the middle of a
 * call. XenStore can refuse, answer late, in pieces or with garbage, and be lost.
 *
 * Faults keep the contract of backends: a call that fails halfway is undone in the backend, or reports what it did. So
 * the books balance after any fault, and everything can be given back once the rules are cleared.
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
 * const device = new GrantDevice(faults.wrap(xen.domain(1)));
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
export type * from "../src/contract/interfaces.ts";
export { type FaultCall, type FaultKind, type FaultPart, type FaultRequest, InjectedFault } from "./faults/call.ts";
export { type FailOptions } from "./faults/failure.ts";
export { Faults, type FaultsOptions } from "./faults/faults.ts";
export { type HoldOptions } from "./faults/hold.ts";
export { type RefuseOptions } from "./faults/refusal.ts";
export { type ReplyOptions } from "./faults/reply.ts";
export { type FaultRule, type Schedule } from "./faults/rules.ts";
export { type SplitOptions } from "./faults/split.ts";
