import type { StoreOperation } from "../contract/store_errors.ts";

/** The transaction in which requests are made. */
export interface Scope {
  /** Its number: 0 outside of transactions. */
  readonly transaction: number;
  /** Gives up all requests of the transaction. */
  readonly signal?: AbortSignal | undefined;
  /** Throws if the transaction has ended. */
  check?(operation: StoreOperation, path: unknown): void;
}
