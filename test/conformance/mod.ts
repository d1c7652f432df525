/**
 * The contract that every backend must meet, whether it runs on devices or simulates them, in five suites:
 * {@linkcode grantsConformance} for granting and mapping, {@linkcode mapsConformance} for the rest of what mappers do,
 * {@linkcode eventsConformance} for event channels, {@linkcode storeConformance} for XenStore, and
 * {@linkcode vchanConformance} for all of them together, by channels. They work with any test runner: each takes a
 * function that registers a test, and one that opens what is to be tested.
 *
 * @example Test a backend with any test runner
 * ```ts
 * import { grantsConformance } from "@gntalloc/gntalloc/conformance";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 *
 * const tests: [name: string, run: () => void][] = [];
 * grantsConformance({
 *   test: (name, run) => tests.push([name, run]), // for example vitest's `test`
 *   open() {
 *     const xen = new MockXen();
 *     const granter = xen.domain(1);
 *     return {
 *       granter,
 *       granterDomid: 1,
 *       peer: xen.domain(0),
 *       peerDomid: 0,
 *       setLimit: (pages) => granter.limit = pages,
 *       heldPagesCount: false,
 *       close: () => xen.assertClean(),
 *     };
 *   },
 * });
 * for (const [name, run] of tests) {
 *   try {
 *     run();
 *   } catch (cause) {
 *     throw new Error(name, { cause });
 *   }
 * }
 * ```
 *
 * @example Test event channels, whose tests are asynchronous
 * ```ts
 * import { eventsConformance } from "@gntalloc/gntalloc/conformance";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 *
 * const tests: [name: string, run: () => Promise<void>][] = [];
 * eventsConformance({
 *   test: (name, run) => tests.push([name, run]),
 *   open() {
 *     const xen = new MockXen();
 *     return {
 *       domain: xen.domain(1),
 *       domid: 1,
 *       peer: xen.domain(0),
 *       peerDomid: 0,
 *       close: () => xen.assertClean(),
 *     };
 *   },
 * });
 * for (const [name, run] of tests) {
 *   await run().catch((cause) => {
 *     throw new Error(name, { cause });
 *   });
 * }
 * ```
 *
 * @example Test XenStore
 * ```ts
 * import { storeConformance } from "@gntalloc/gntalloc/conformance";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 *
 * const tests: [name: string, run: () => Promise<void>][] = [];
 * storeConformance({
 *   test: (name, run) => tests.push([name, run]),
 *   lacks: [], // has everything that a test may need; two sockets would lack "unprivileged domain" and "two domains"
 *   quotas: { value: 2015, watches: 129 },
 *   open() {
 *     const xen = new MockXen();
 *     return {
 *       ours: { store: xen.domain(1).store, domid: 1, longLists: true },
 *       theirs: { store: xen.domain(0).storeSocket, domid: 0, longLists: true },
 *       hidesMissing: true,
 *       close: () => xen.assertClean(),
 *     };
 *   },
 * });
 * for (const [name, run] of tests) {
 *   await run().catch((cause) => {
 *     throw new Error(name, { cause });
 *   });
 * }
 * ```
 *
 * @example Test how all parts work together
 * ```ts
 * import { vchanConformance } from "@gntalloc/gntalloc/conformance";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 *
 * const tests: [name: string, run: () => Promise<void>][] = [];
 * vchanConformance({
 *   test: (name, run) => tests.push([name, run]),
 *   open() {
 *     const xen = new MockXen();
 *     return {
 *       server: xen.domain(1),
 *       serverDomid: 1,
 *       client: xen.domain(0),
 *       clientDomid: 0,
 *       close: () => xen.assertClean(),
 *     };
 *   },
 * });
 * for (const [name, run] of tests) {
 *   await run().catch((cause) => {
 *     throw new Error(name, { cause });
 *   });
 * }
 * ```
 *
 * @module
 */
export type * from "../../src/contract/interfaces.ts";
export { eventsConformance } from "./events/suite.ts";
export { grantsConformance } from "./grants/suite.ts";
export { mapsConformance } from "./maps/suite.ts";
export { storeConformance } from "./store/suite.ts";
export { vchanConformance } from "./vchan/suite.ts";
export {
  type EventsConformanceOptions,
  type EventsTarget,
  type GrantsConformanceOptions,
  type GrantsTarget,
  type MapsConformanceOptions,
  type MapsTarget,
  type StoreConformanceOptions,
  type StoreNeed,
  type StoreQuotas,
  type StoreSide,
  type StoreTarget,
  type VchanConformanceOptions,
  type VchanTarget,
} from "./target.ts";
