/**
 * Asks XenStore whether another domain is there.
 *
 * @module
 */

import { startTimer, stopTimer } from "../../src/contract/event_loop.ts";
import type { StoreBackend, StoreConnection } from "../../src/contract/store_backend.ts";
import { StoreError } from "../../src/contract/store_errors.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { StoreQuestion } from "./store_question.ts";

/** How long to wait for both answers, in milliseconds. */
const PATIENCE = 2000;

/**
 * Returns whether a domain is there, or `undefined` if XenStore does not say: it tells only domain 0, and others only
 * of themselves. Does not block the event loop, and waits for two seconds at most.
 */
export async function askWhetherAlive(store: StoreBackend, domid: number): Promise<boolean | undefined> {
  const end = performance.now() + PATIENCE;
  try {
    const connection = store.open();
    try {
      const introduced = await ask(connection, StoreMessage.IS_DOMAIN_INTRODUCED, String(domid), end);
      if (introduced === "T\0") return true;
      if (introduced === "F\0") return false;
      return await ask(connection, StoreMessage.READ, "domid", end) === String(domid) ? true : undefined;
    } finally {
      connection.close();
    }
  } catch (error) {
    if (error instanceof StoreError && error.code !== "unsupported") return undefined;
    throw error;
  }
}

/**
 * Sends a request. Returns the payload of its answer, or `undefined` if that is an error, another one, or late.
 *
 * @param end How long to wait: until `performance.now()` returns this.
 */
async function ask(
  connection: StoreConnection,
  type: number,
  argument: string,
  end: number,
): Promise<string | undefined> {
  const question = new StoreQuestion(connection, type, argument);
  while (!question.receive()) {
    if (!await isReadable(connection, end - performance.now())) return undefined;
  }
  return question.answer;
}

/** Waits until bytes may have arrived. Returns whether they may, before a time in milliseconds has passed. */
function isReadable(connection: StoreConnection, time: number): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = connection.whenReadable(() => {
      stopTimer(timer);
      resolve(true);
    });
    const timer = startTimer(() => {
      stop();
      resolve(false);
    }, Math.max(0, time));
  });
}
