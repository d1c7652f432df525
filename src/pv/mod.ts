/**
 * Paravirtual devices: what frontends and backends of Xen's split drivers are made of. A frontend drives a disk, a
 * network card or a console whose backend is in another domain, usually in its kernel.
 *
 * @module
 */
export { BackRing } from "./back_ring.ts";
export { PvError, type PvErrorCode, type PvErrorOptions } from "./errors.ts";
export { FrontRing } from "./front_ring.ts";
export { GrantPool, type GrantPoolOptions, type PoolPages, type PoolTakeOptions } from "./grant_pool.ts";
export { ringSize } from "./ring_layout.ts";
export type { RingOptions } from "./ring_memory.ts";
