import type { StoreOperation } from "./store_errors.ts";
import { StoreMessage } from "./store_wire.ts";

/** An operation that sends a request. */
export type StoreRequest = Exclude<StoreOperation, "open" | "wait">;

const OPERATIONS: Readonly<Record<number, StoreRequest>> = {
  [StoreMessage.READ]: "read",
  [StoreMessage.WRITE]: "write",
  [StoreMessage.MKDIR]: "make",
  [StoreMessage.RM]: "remove",
  [StoreMessage.DIRECTORY]: "list",
  [StoreMessage.DIRECTORY_PART]: "list",
  [StoreMessage.GET_PERMS]: "get permissions",
  [StoreMessage.SET_PERMS]: "set permissions",
  [StoreMessage.WATCH]: "watch",
  [StoreMessage.UNWATCH]: "unwatch",
  [StoreMessage.TRANSACTION_START]: "start a transaction",
  [StoreMessage.TRANSACTION_END]: "end a transaction",
  [StoreMessage.GET_DOMAIN_PATH]: "get a domain path",
  [StoreMessage.IS_DOMAIN_INTRODUCED]: "ask for a domain",
};

/** All operations that send requests. */
export const STORE_REQUESTS: readonly StoreRequest[] = [...new Set(Object.values(OPERATIONS))];

/** Returns the operation that sends requests of a type, if there is one. */
export function storeRequestOf(type: number): StoreRequest | undefined {
  return OPERATIONS[type];
}
