import type { StoreRequestOptions } from "./abort.ts";
import type { StoreValue } from "./encoder.ts";
import type { StorePermission } from "./permissions.ts";

/**
 * What can be done in a transaction: it reads the store as it was when the transaction began, and what it changes is
 * there for others all at once, or not at all. It cannot be used after its function has ended.
 */
export interface StoreTransaction {
  /** Reads the value of a node, like {@linkcode XenStore.read}. */
  read(path: string, options?: StoreRequestOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Reads the value of a node as text, like {@linkcode XenStore.readText}. */
  readText(path: string, options?: StoreRequestOptions): Promise<string>;
  /** Reads the value of a node as a number, like {@linkcode XenStore.readNumber}. */
  readNumber(path: string, options?: StoreRequestOptions): Promise<number>;
  /** Sets the value of a node, like {@linkcode XenStore.write}. */
  write(path: string, value: StoreValue, options?: StoreRequestOptions): Promise<void>;
  /** Makes a node, like {@linkcode XenStore.mkdir}. */
  mkdir(path: string, options?: StoreRequestOptions): Promise<void>;
  /** Removes a node and all below it, like {@linkcode XenStore.remove}. */
  remove(path: string, options?: StoreRequestOptions): Promise<void>;
  /** Lists the nodes directly below a node, like {@linkcode XenStore.list}. */
  list(path: string, options?: StoreRequestOptions): Promise<string[]>;
  /** Reads who may do what to a node, like {@linkcode XenStore.permissions}. */
  permissions(path: string, options?: StoreRequestOptions): Promise<StorePermission[]>;
  /** Sets who may do what to a node, like {@linkcode XenStore.setPermissions}. */
  setPermissions(path: string, permissions: readonly StorePermission[], options?: StoreRequestOptions): Promise<void>;
}
