import { StoreError } from "../../src/contract/store_errors.ts";
import { thrown } from "./thrown.ts";

/** Runs an action that must throw a {@linkcode StoreError}, and returns it. */
export function storeError(action: () => unknown): StoreError {
  const error = thrown(action);
  if (error instanceof StoreError) return error;
  throw error;
}
