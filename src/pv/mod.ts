/**
 * Paravirtual devices: what frontends and backends of Xen's split drivers are made of. A frontend drives a disk, a
 * network card or a console whose backend is in another domain, usually in its kernel.
 *
 * {@linkcode FrontendDevice} and {@linkcode BackendDevice} meet in XenStore, {@linkcode FrontRing} and
 * {@linkcode BackRing} exchange requests and responses, and a {@linkcode GrantPool} has pages for what the requests are
 * about. docs/frontends.md shows how to make a driver of them.
 *
 * @example See which backend a device has
 * ```ts
 * import { createDevice, FrontendDevice } from "@gntalloc/gntalloc/pv";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * xen.domain(1);
 * await createDevice(xen.domain(0), {
 *   kind: "vbd",
 *   id: 51728,
 *   frontend: 1,
 *   backend: 0,
 *   backendNodes: { mode: "r" },
 * });
 *
 * using device = await FrontendDevice.open(xen.domain(1), "vbd", 51728);
 * assert.equal(device.domid, 0);
 * assert.equal(await device.backend.text("mode"), "r");
 * ```
 *
 * @module
 */
export type { StoreBackend, StoreConnection } from "../contract/store_backend.ts";
export { BackRing } from "./back_ring.ts";
export { BackendDevice } from "./backend_device.ts";
export type { DeviceNodes } from "./device_nodes.ts";
export { PvError, type PvErrorCode, type PvErrorOptions } from "./errors.ts";
export { FrontRing } from "./front_ring.ts";
export { FrontendDevice } from "./frontend_device.ts";
export { GrantPool, type GrantPoolOptions, type PoolPages, type PoolTakeOptions } from "./grant_pool.ts";
export type { PvCallOptions, PvWaitOptions } from "./options.ts";
export type { DevicePlace } from "./place.ts";
export { ringSize } from "./ring_layout.ts";
export type { RingOptions } from "./ring_memory.ts";
export type { NodeValues } from "./own_nodes.ts";
export { createDevice, type DeviceDescription, removeDevice } from "./toolstack.ts";
export { XenbusState } from "./xenbus_state.ts";
