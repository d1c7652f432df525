import { PAGE_SIZE, type UnmapNotify } from "../backends/backend.ts";

/** The highest number that names a real domain; those above are reserved (`DOMID_FIRST_RESERVED` of Xen's public headers). */
const MAX_DOMID = 0x7fef;
/** Grant references and counts of pages are 32 bits wide. */
const MAX_UINT32 = 0xffff_ffff;

/** Ports of event channels are below 2¹⁷ with the FIFO ABI, and below 2¹² with the other (Xen's public headers). */
const MAX_PORT = 0x1_ffff;

/** How a value is shown in a message. */
function show(value: unknown): string {
  switch (typeof value) {
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "bigint":
      return `${value}n`;
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    default:
      return value === null ? "null" : Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
  }
}

/**
 * Throws unless a value is a whole number between two bounds.
 *
 * @param what What would be done, for the message: "allocate".
 * @param name What the value is called: "`pages`".
 * @throws {TypeError} if it is not a number.
 * @throws {RangeError} if it is not whole, or out of bounds.
 */
export function checkInteger(what: string, name: string, value: unknown, least: number, most: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot ${what} as ${name} must be a number: current value is ${show(value)}`);
  }
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot ${what} as ${name} must be a whole number from ${least} to ${most}: current value is ${value}`,
    );
  }
}

/** Throws unless a value can name a domain. */
export function checkDomid(what: string, value: unknown): void {
  checkInteger(what, "`domid`", value, 0, MAX_DOMID);
}

/** Throws unless a value can be a number of pages. */
export function checkCount(what: string, name: string, value: unknown): void {
  checkInteger(what, name, value, 1, MAX_UINT32);
}

/** Throws unless a value can be the index of a page. */
export function checkPage(what: string, name: string, value: unknown): void {
  checkInteger(what, name, value, 0, Number.MAX_SAFE_INTEGER);
}

/** Throws unless a value can be a grant reference. */
export function checkGref(what: string, name: string, value: unknown): void {
  checkInteger(what, name, value, 0, MAX_UINT32);
}

/** Throws unless a value can be a limit: a whole number of pages, or Infinity. */
export function checkLimit(what: string, name: string, value: unknown): void {
  if (value !== Infinity) checkInteger(what, `${name}, if it is not Infinity,`, value, 0, MAX_UINT32);
}

/** Throws unless a value is a boolean or absent. */
export function checkFlag(what: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TypeError(`Cannot ${what} as ${name} must be a boolean: current value is ${show(value)}`);
  }
}

/** Throws unless a value is an object: the options of a call. */
export function checkOptions(what: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Cannot ${what} as the options must be an object: current value is ${show(value)}`);
  }
}

/** Throws unless a value is an unmap notify for one of `pages` pages. */
export function checkNotify(notify: UnmapNotify, pages: number): void {
  const what = "set the unmap notify";
  checkOptions(what, notify);
  const { clearByte, eventPort } = notify;
  if (clearByte !== undefined) checkInteger(what, "`clearByte`", clearByte, 0, pages * PAGE_SIZE - 1);
  if (eventPort !== undefined) checkInteger(what, "`eventPort`", eventPort, 0, MAX_PORT);
}
