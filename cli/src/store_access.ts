import type { StoreAccess } from "@gntalloc/gntalloc/xenstore";
import { UsageError } from "./exit.ts";

/** The most bytes of a request to XenStore, path and value together. */
export const MAX_MESSAGE = 4096;

const ACCESS: readonly StoreAccess[] = ["none", "read", "write", "both"];

/** Reads what a domain may do with a node. */
export function readAccess(text: string): StoreAccess {
  const access = ACCESS.find((one) => one === text);
  if (access === undefined) {
    throw new UsageError(`Cannot use the access as it must be none, read, write or both: current value is "${text}"`);
  }
  return access;
}
