/**
 * The notation of payloads in steps, and of what is compared of messages. Each character is a byte, except:
 *
 * - `{domu}` is the domid of the other domain, which differs from machine to machine.
 * - `{x*2000}` is a run of 2000 characters `x`.
 *
 * @module
 */

import type { Op } from "./step.ts";
import type { TextMessage } from "../support/store_messages.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";

/** Longer texts are compared by their length and a sum. */
const MOST_SHOWN = 80;
/** The same for lists of names. */
const MOST_SHOWN_OF_LIST = 500;

/** Returns a payload as text. */
export function expand(template: string, domu: number): string {
  return template
    .replaceAll("{domu}", String(domu))
    .replace(/\{(.)\*(\d+)\}/gs, (_, char: string, count: string) => char.repeat(Number(count)));
}

/** Returns a reply in a form that is the same on all machines that do the same. */
export function describeReply(op: Op, reply: TextMessage, domu: number): string {
  const { type, text } = reply;
  if (type === StoreMessage.ERROR) return text.replace(/\0$/, "");
  if (type !== StoreMessage[op]) return `a reply of type ${type}`;
  switch (op) {
    case "READ":
      return `"${show(text)}"`;
    case "DIRECTORY":
      // The order is the daemon's own business.
      return `[${showNames(strings(text))}]`;
    case "DIRECTORY_PART": {
      // A counter, then the names. An empty one says that these are all.
      const names = strings(text).slice(1);
      const isLast = names.at(-1) === "";
      if (isLast) names.pop();
      return `part [${showNames(names)}]${isLast ? ", the last" : ""}`;
    }
    case "GET_PERMS":
      return `[${strings(text).map((entry) => showPermission(entry, domu)).join(" ")}]`;
    case "GET_DOMAIN_PATH":
      return showPath(text, domu);
    case "TRANSACTION_START":
      return /^\d+\0$/.test(text) ? "started" : show(text);
    default:
      return text === "OK\0" ? "ok" : show(text);
  }
}

/** Returns an event in such a form. */
export function describeEvent(event: TextMessage, domu: number): string {
  return strings(event.text).map((text) => showPath(text, domu)).join(" ");
}

/** Returns the strings of a payload, each of which has a NUL at its end. */
export function strings(text: string): string[] {
  return text === "" ? [] : text.replace(/\0$/, "").split("\0");
}

function showPermission(entry: string, domu: number): string {
  return show(entry.slice(1) === String(domu) ? `${entry[0]}{domu}` : entry);
}

function showPath(path: string, domu: number): string {
  const shown = path.replace(new RegExp(`^/local/domain/${domu}(?=[/\\0]|$)`), "/local/domain/{domu}");
  return show(shown.replace(/^\/vm\/[0-9a-f-]{36}(?=\/|$)/, "/vm/{uuid}"));
}

/** Shows names in their order, or the number of many and a sum: another domain has to send them in a small value. */
function showNames(names: readonly string[]): string {
  const shown = names.toSorted().map(show).join(" ");
  return shown.length <= MOST_SHOWN_OF_LIST ? shown : `${names.length} names, ${show(shown)}`;
}

/** Shows a text with escapes, or its length and a sum of its bytes. */
function show(text: string): string {
  if (text.length <= MOST_SHOWN) return JSON.stringify(text).slice(1, -1);
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) >>> 0;
  return `(${text.length} bytes, sum ${sum})`;
}
