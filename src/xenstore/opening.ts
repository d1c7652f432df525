import { checkFile, show } from "../contract/checks.ts";
import { sentence } from "../contract/messages.ts";
import type { StoreBackend, StoreConnection } from "../contract/store_backend.ts";
import { StoreError } from "../contract/store_errors.ts";
import { StoreMessage } from "../contract/store_wire.ts";
import { Connection } from "./connection.ts";
import { CLOSED } from "./refusals.ts";
import { done } from "./replies.ts";
import type { Request } from "./request.ts";

/** The least that a request must be able to have: the longest path, and a word. */
const LEAST_PAYLOAD = 2112;

/** Opens a connection, and waits until the daemon has answered once. */
export async function connect(
  backend: StoreBackend,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const connection = new Connection(openFile(backend), backend.name, timeout);
  let request: Request | undefined;
  try {
    connection.begin().path("open", "domid");
    request = connection.request<unknown>(StoreMessage.READ, 0, "open", undefined, done, signal);
    await request.promise;
  } catch (error) {
    // The daemon answers, and that is enough: the toolstack may not have written this node yet.
    if (request?.refusal !== undefined) return connection;
    connection.end(CLOSED);
    throw error;
  }
  return connection;
}

function openFile(backend: StoreBackend): StoreConnection {
  try {
    const file = checkFile(backend.open(), "store", ["send", "receive", "whenReadable", "close"]);
    const { maxPayload, maxInFlight } = file;
    const takesRequests = Number.isInteger(maxPayload) && maxPayload >= LEAST_PAYLOAD;
    if (takesRequests && (maxInFlight === Infinity || Number.isInteger(maxInFlight) && maxInFlight >= 1)) return file;
    file.close();
    throw new TypeError(
      takesRequests
        ? `\`maxInFlight\` must be a whole number from 1, or Infinity: it is ${show(maxInFlight)}`
        : `\`maxPayload\` must be a whole number from ${LEAST_PAYLOAD}: it is ${show(maxPayload)}`,
    );
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const reason = error instanceof Error ? error.message : show(error);
    throw new StoreError(sentence(`Cannot open XenStore: the backend ${backend.name} failed: ${reason}`), {
      code: "refused",
      operation: "open",
      cause: error,
    });
  }
}
