import { isStoreError } from "../contract/store_errors.ts";
import type { XenStore } from "./store.ts";
import type { StoreTransaction } from "./store_transaction.ts";
import { pause } from "./transaction.ts";

/** How often to try, and the longest pause between two, in milliseconds. */
const ATTEMPTS = 50;
const LONGEST_PAUSE = 100;

/**
 * Runs a transaction. All programs of a domain together may have about ten open: if others have them, tries again for a
 * few seconds.
 */
export async function transactPatiently<Value>(
  store: XenStore,
  body: (transaction: StoreTransaction) => Promise<Value>,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Value> {
  for (let attempt = 1;; attempt++) {
    try {
      return await store.transaction(body, options);
    } catch (error) {
      const isBusy = isStoreError(error, "quota") && error.operation === "start a transaction";
      if (!isBusy || attempt === ATTEMPTS) throw error;
    }
    await pause(Math.random() * LONGEST_PAUSE, options.signal);
  }
}
