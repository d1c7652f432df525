/**
 * The contract between the library and what it runs on. A backend does what the library asks it to do with Xen and
 * memory, and decides nothing: the core keeps track of which pages exist, who uses them, and when access to one ends.
 *
 * Implement {@linkcode GrantBackend}, {@linkcode MapBackend} or {@linkcode EventBackend}, throw {@linkcode GrantError},
 * and prove the result with the suites in `@gntalloc/gntalloc/conformance`.
 *
 * @module
 */
export { GrantError, type GrantErrorCode, type GrantErrorOptions, type GrantOperation } from "./errors.ts";
export type * from "./interfaces.ts";
export { PAGE_SIZE } from "./limits.ts";
