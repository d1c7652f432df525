/**
 * XenStore: the tree of small values by which Xen domains find each other, and tell each other grant references and
 * ports.
 *
 * @example Wait for what another domain publishes
 * ```ts
 * import { XenStore } from "@gntalloc/gntalloc/xenstore";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using client = await XenStore.open(xen.domain(0));
 * const port = client.waitFor("/local/domain/1/data/port", undefined, { timeout: 1000 });
 *
 * using server = await XenStore.open(xen.domain(1));
 * await server.write("data/port", 7);
 * assert.equal(await port, "7");
 * ```
 *
 * @module
 */
export type { StoreBackend, StoreConnection } from "../contract/store_backend.ts";
export {
  StoreError,
  type StoreErrorCode,
  type StoreErrorOptions,
  type StoreOperation,
} from "../contract/store_errors.ts";
export type { StoreRequestOptions } from "./abort.ts";
export type { StoreValue } from "./encoder.ts";
export type { StoreAccess, StorePermission } from "./permissions.ts";
export { type StoreOptions, XenStore } from "./store.ts";
export type { StoreTransaction } from "./store_transaction.ts";
export type { StoreTransactionOptions } from "./transaction.ts";
export type { StoreWaitOptions } from "./waiting.ts";
export type { StoreWatch } from "./watch.ts";
