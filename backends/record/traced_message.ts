import { decodeHeader, encodeMessage, HEADER_SIZE, StoreMessage } from "../../src/contract/store_wire.ts";
import type { TracedMessage } from "./trace_calls.ts";

/** What stands for the type of bytes that are no message. */
export const GARBAGE = "garbage";

const TYPES: ReadonlyMap<string, number> = new Map(Object.entries(StoreMessage));
const NAMES: ReadonlyMap<number, string> = new Map(Array.from(TYPES, ([name, type]) => [type, name]));

/** Whether a value can be the type of a message, as it is written in a trace. */
export function isTracedType(type: unknown): boolean {
  return typeof type === "string" ? type === GARBAGE || TYPES.has(type) : Number.isInteger(type) && type as number >= 0;
}

/** A message of XenStore, as it is written in a trace. Never throws. */
export function tracedMessage(message: unknown): TracedMessage {
  if (!(message instanceof Uint8Array)) return { type: GARBAGE, hex: "" };
  if (message.length < HEADER_SIZE) return { type: GARBAGE, hex: hexOf(message) };
  const header = decodeHeader(message);
  if (header.length !== message.length - HEADER_SIZE) return { type: GARBAGE, hex: hexOf(message) };
  const { type, request, transaction } = header;
  const payload = tracedPayload(message.subarray(HEADER_SIZE));
  // The numbers of an event mean nothing: Linux leaves what was in memory.
  if (type === StoreMessage.WATCH_EVENT) return { type: "WATCH_EVENT", ...payload };
  return { type: NAMES.get(type) ?? type, request, ...(transaction === 0 ? {} : { transaction }), ...payload };
}

function tracedPayload(payload: Uint8Array): Pick<TracedMessage, "strings" | "hex"> {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { strings: decoder.decode(payload.slice()).split("\0") };
  } catch {
    return { hex: hexOf(payload) };
  }
}

/**
 * The bytes of a message in a trace.
 *
 * @param transaction The number of its transaction here.
 */
export function bytesOfTraced(message: TracedMessage, transaction: number): Uint8Array<ArrayBuffer> {
  const { type, request = 0, strings, hex = "" } = message;
  const payload = strings ? new TextEncoder().encode(strings.join("\0")) : bytesOfHex(hex);
  if (type === GARBAGE) return payload;
  return encodeMessage(typeof type === "number" ? type : TYPES.get(type)!, request, transaction, payload);
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}
