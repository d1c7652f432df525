import { PAGE_SIZE, type UnmapNotify } from "./backend.ts";

/** The highest number that names a real domain; those above are reserved (`DOMID_FIRST_RESERVED` of Xen's public headers). */
const MAX_DOMID = 0x7fef;
/** Grant references and counts of pages are 32 bits wide. */
const MAX_UINT32 = 0xffff_ffff;

/** Ports of event channels are below 2¹⁷ with the FIFO ABI, and below 2¹² with the other (Xen's public headers). */
const MAX_PORT = 0x1_ffff;

/** How a value is shown in a message. */
export function show(value: unknown): string {
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
      return value === null
        ? "null"
        : Array.isArray(value)
        ? "an array"
        : withArticle(Object.prototype.toString.call(value).slice(8, -1));
  }
}

function withArticle(name: string): string {
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
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
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  refuseInteger(what, name, value, least, most);
}

/** Apart from the check, so that the compiler puts that into its callers. */
function refuseInteger(what: string, name: string, value: unknown, least: number, most: number): never {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot ${what} as ${name} must be a number: current value is ${show(value)}`);
  }
  throw new RangeError(
    `Cannot ${what} as ${name} must be a whole number from ${least} to ${most}: current value is ${value}`,
  );
}

/** Throws unless a value can name a domain. */
export function checkDomid(what: string, value: unknown, name = "`domid`"): void {
  checkInteger(what, name, value, 0, MAX_DOMID);
}

/** Throws unless a value can be the port of an event channel. */
export function checkPort(what: string, name: string, value: unknown): void {
  checkInteger(what, name, value, 0, MAX_PORT);
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
  if (typeof value !== "number") {
    throw new TypeError(`Cannot ${what} as ${name} must be a number: current value is ${show(value)}`);
  }
  if (value !== Infinity && !(Number.isInteger(value) && value >= 0 && value <= MAX_UINT32)) {
    throw new RangeError(
      `Cannot ${what} as ${name} must be Infinity or a whole number from 0 to ${MAX_UINT32}: current value is ${value}`,
    );
  }
}

/** Throws unless a value is a boolean or absent. */
export function checkFlag(what: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  refuseType(what, name, "a boolean", value);
}

/** Throws unless a value is an object. */
export function checkOptions(what: string, value: unknown, name = "the options"): void {
  if (typeof value === "object" && value !== null) return;
  refuseType(what, name, "an object", value);
}

function refuseType(what: string, name: string, type: string, value: unknown): never {
  throw new TypeError(`Cannot ${what} as ${name} must be ${type}: current value is ${show(value)}`);
}

/** Throws unless a value has some methods: of a backend, which `way` makes. */
export function checkBackend(what: string, value: unknown, methods: readonly string[], way: string): void {
  const object = Object(value) as Record<string, unknown>;
  const missing = methods.find((method) => typeof object[method] !== "function");
  if (missing === undefined) return;
  throw new TypeError(
    `Cannot ${what} as the backend must have a method \`${missing}\`: current value is ${
      show(value)
    }. Backends are made by ${way}`,
  );
}

/**
 * A file that a backend opened: throws, and closes it, unless it has some methods. Backends of another kind have a method `open`,
 * too, and are easily taken for this one.
 */
export function checkFile<T extends { close(): void }>(
  file: T,
  methods: readonly (keyof T & string)[],
  way: string,
): T {
  const object = Object(file) as Record<string, unknown>;
  const missing = methods.find((method) => typeof object[method] !== "function");
  if (missing === undefined) return file;
  if (typeof object.close === "function") file.close();
  throw new TypeError(`the file that it opened has no method \`${missing}\`. The right backends are made by ${way}`);
}

/**
 * Throws unless a value is an unmap notify; gives a copy, which its owner cannot change.
 *
 * @param size The number of bytes of which one may be cleared.
 */
export function checkNotify(notify: UnmapNotify, size: number = PAGE_SIZE): UnmapNotify {
  const what = "set the unmap notify";
  checkOptions(what, notify, "`notify`");
  const { clearByte, eventPort } = notify;
  if (clearByte !== undefined) checkInteger(what, "`clearByte`", clearByte, 0, size - 1);
  if (eventPort !== undefined) checkPort(what, "`eventPort`", eventPort);
  return {
    ...(clearByte === undefined ? {} : { clearByte }),
    ...(eventPort === undefined ? {} : { eventPort }),
  };
}
