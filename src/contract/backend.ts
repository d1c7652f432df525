/**
 * The contract between the library and what it runs on. A backend does what the library asks it to do with Xen and
 * memory, and decides nothing: the core keeps track of which pages exist, who uses them, and when access to one ends.
 *
 * Implement {@linkcode GrantBackend}, {@linkcode MapBackend}, {@linkcode EventBackend} or {@linkcode StoreBackend},
 * throw {@linkcode GrantError} (a `StoreBackend` throws {@linkcode StoreError}), and prove the result with the suites in
 * `@gntalloc/gntalloc/conformance`.
 *
 * @module
 */
export { GrantError, type GrantErrorCode, type GrantErrorOptions, type GrantOperation } from "./errors.ts";
export type * from "./interfaces.ts";
export { PAGE_SIZE } from "./limits.ts";
export { StoreError, type StoreErrorCode, type StoreErrorOptions, type StoreOperation } from "./store_errors.ts";
