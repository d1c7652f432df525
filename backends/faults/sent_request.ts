import { storeRequestOf } from "../../src/contract/store_operations.ts";
import { decodeHeader, HEADER_SIZE, type StoreHeader } from "../../src/contract/store_wire.ts";
import type { FaultRequest } from "./call.ts";

/** Operations whose requests do not begin with a path. */
const PATHLESS: readonly FaultRequest[] = [
  "start a transaction",
  "end a transaction",
  "get a domain path",
  "ask for a domain",
];

/** What rules know of a request that is sent. */
export interface SentRequest {
  /** The header; `undefined` if there is none, because the message is too short. */
  readonly header?: StoreHeader;
  readonly operation?: FaultRequest | undefined;
  readonly path?: string;
}

/** Reads a request. Never throws, because the inner backend is the one to refuse it. */
export function sentRequest(message: unknown): SentRequest {
  if (!(message instanceof Uint8Array) || message.length < HEADER_SIZE) return {};
  const header = decodeHeader(message);
  const operation = storeRequestOf(header.type);
  const end = message.indexOf(0, HEADER_SIZE);
  if (operation === undefined || PATHLESS.includes(operation) || end < 0) return { header, operation };
  return { header, operation, path: new TextDecoder().decode(message.slice(HEADER_SIZE, end)) };
}
