import type { StoreBackend } from "../../src/contract/store_backend.ts";
import { StoreError } from "../../src/contract/store_errors.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { pause } from "./pause.ts";
import { StoreQuestion } from "./store_question.ts";

/** How long to wait for the answer, in milliseconds. */
const PATIENCE = 500;

/**
 * Asks XenStore for the number of this domain, or returns `undefined` if it does not say. Blocks this thread until the
 * answer is here, for half a second at most.
 */
export function askForOwnDomid(store: StoreBackend): number | undefined {
  const end = performance.now() + PATIENCE;
  try {
    const connection = store.open();
    try {
      const question = new StoreQuestion(connection, StoreMessage.READ, "domid");
      while (!question.receive()) {
        if (performance.now() >= end) return undefined;
        pause();
      }
      const { answer = "" } = question;
      return /^\d{1,5}$/.test(answer) ? Number(answer) : undefined;
    } finally {
      connection.close();
    }
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
