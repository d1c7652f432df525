/**
 * A simulated Xen, for developing and testing without one. It has domains with grant tables and event channels,
 * processes that can be killed, and pages of real memory that both sides of a grant see.
 *
 * It is deterministic, and refuses what Xen and Linux refuse, with the same error codes. It differs from real devices
 * as follows:
 *
 * - **No page tables.** A mapping by a peer is one block of memory only if its references name neighbouring pages of
 *   one allocation, in order. Any other mapping has several `parts`, and reading its `bytes` throws `unsupported`.
 * - **Shared buffers.** All mappings of an allocation are views of one buffer, so use `bytes.byteOffset` when you make
 *   another view of it. A view that you keep after `unmap()` is detached once no mapping of its allocation is left.
 *   With {@linkcode MockMemory} `slabs` it is never detached.
 * - **Transferred buffers.** Transferring a mapping's buffer, by `transfer` or `postMessage`, takes the memory away
 *   from every mapping of the allocation; later mappings see zeroed memory. With `slabs` a buffer cannot be
 *   transferred.
 * - **Views outlive their domain.** After a domain is destroyed or a process is killed, its views still work, because
 *   the JavaScript that holds them still runs.
 * - **Views outlive a restore, too.** If both sides keep views of a page while a domain is saved and restored, they
 *   still show the same memory. On a device, each side then has a page of its own.
 * - **Kernels bind no ports.** The first port of a domain is 1. A kernel uses only the virtual interrupts `VIRQ_TIMER`
 *   and `VIRQ_DEBUG`; programs can bind all others.
 *
 * An event arrives at once. Those who wait for it are woken in a later turn of the event loop, in the order of sending,
 * so timers and I/O get their turn however many events are sent. As on a device, a wait keeps the program alive. Events
 * also arrive under fake timers, if those were put in place after this module was loaded.
 *
 * @example Two domains on one machine
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * {
 *   using device = new GrantDevice(xen.domain(1));
 *   using pages = device.open().allocate(2, { pages: 3 });
 *   using mapper = new GrantMapper(xen.domain(2));
 *   using theirs = mapper.map(1, pages.grefs);
 *   assert.equal(theirs.count, 3);
 * }
 * xen.assertClean();
 * ```
 *
 * @module
 */
export type * from "../src/contract/interfaces.ts";
export type { MockDomain, MockProcess, MockRestoreOptions } from "./mock/domain.ts";
export type { MockGuestType, MockMemory, MockProfile, MockXenOptions } from "./mock/options.ts";
export type {
  MockConnectionReport,
  MockDomainReport,
  MockGrantReport,
  MockMappingReport,
  MockPortReport,
  MockProcessReport,
  MockXenReport,
} from "./mock/report.ts";
export type { MockStoreDaemon, MockStoreOptions } from "./mock/store/options.ts";
export { MockXen } from "./mock/xen.ts";
