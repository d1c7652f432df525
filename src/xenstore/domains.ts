import { checkDomid } from "../contract/checks.ts";
import type { StoreOperation } from "../contract/store_errors.ts";
import { StoreMessage } from "../contract/store_wire.ts";
import { readSignal, type StoreRequestOptions } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { toFlag, toWord } from "./replies.ts";
import type { Decode } from "./request.ts";

/** Asks for the home of a domain. */
export function domainPath(
  connection: Connection,
  domid: number,
  options: StoreRequestOptions | undefined,
): Promise<string> {
  return ask(connection, StoreMessage.GET_DOMAIN_PATH, "get a domain path", domid, toWord, options);
}

/** Asks whether the daemon serves a domain. */
export function isIntroduced(
  connection: Connection,
  domid: number,
  options: StoreRequestOptions | undefined,
): Promise<boolean> {
  return ask(connection, StoreMessage.IS_DOMAIN_INTRODUCED, "ask for a domain", domid, toFlag, options);
}

/** Makes a request about a domain. */
async function ask<Value>(
  connection: Connection,
  type: number,
  operation: StoreOperation,
  domid: number,
  decode: Decode<Value>,
  options: StoreRequestOptions | undefined,
): Promise<Value> {
  checkDomid(operation, domid);
  const signal = readSignal(operation, options);
  connection.begin().word(String(domid));
  return await connection.request(type, 0, operation, undefined, decode, signal).promise;
}
