import { ArgumentRangeError, ArgumentTypeError } from "./argument_error.ts";
import { MAX_DOMID, MAX_PORT, MAX_UINT32 } from "./limits.ts";
import type { DomainPart, XenDomain } from "./domain.ts";

/** Shows a value in an error message. */
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
      return value === null ? "null" : kindOf(value);
  }
}

/** The kind of an object or a symbol. A proxy, or an object with a `Symbol.toStringTag` of its own, may throw here. */
function kindOf(value: unknown): string {
  try {
    if (Array.isArray(value)) return "an array";
    return withArticle(Object.prototype.toString.call(value).slice(8, -1).slice(0, 40));
  } catch {
    return "an object that cannot be read";
  }
}

/** Whether a value is an error, in any realm. Never throws. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || /^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value));
  } catch {
    return false;
  }
}

function withArticle(name: string): string {
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/**
 * Throws unless a value is a whole number between two bounds.
 *
 * @param what The operation, for the message: "allocate".
 * @param name The value's name: "`pages`".
 * @throws {TypeError} if it is not a number.
 * @throws {RangeError} if it is not whole or out of bounds.
 */
export function checkInteger(what: string, name: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  refuseInteger(what, name, value, least, most);
}

/** Separate from the check, so that engines inline the check into its callers. */
function refuseInteger(what: string, name: string, value: unknown, least: number, most: number): never {
  if (typeof value !== "number") {
    throw new ArgumentTypeError(`Cannot ${what} as ${name} must be a number: current value is ${show(value)}`);
  }
  throw new ArgumentRangeError(
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
    throw new ArgumentTypeError(`Cannot ${what} as ${name} must be a number: current value is ${show(value)}`);
  }
  if (value !== Infinity && !(Number.isInteger(value) && value >= 0 && value <= MAX_UINT32)) {
    throw new ArgumentRangeError(
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
  throw new ArgumentTypeError(`Cannot ${what} as ${name} must be ${type}: current value is ${show(value)}`);
}

/** How to get a domain, for error messages. */
export const DOMAINS = "Pass denoDomain(), nodeDomain() or MockXen's domain()";

/**
 * The backend that a domain has for one device.
 *
 * @param what The operation, for the message: "create a device".
 * @param methods The methods that the backend must have.
 * @throws {TypeError} if the domain has no such backend.
 */
export function checkBackend<Part extends DomainPart>(
  what: string,
  domain: unknown,
  part: Part,
  methods: readonly (keyof XenDomain[Part] & string)[],
): XenDomain[Part] {
  const backend: unknown = (Object(domain) as Record<Part, unknown>)[part];
  const missing = missingMethod(backend, methods);
  if (missing === undefined) return backend as XenDomain[Part];
  const current = backend === undefined
    ? `the current domain, ${show(domain)}, has none`
    : `current value is ${show(backend)}`;
  throw new ArgumentTypeError(
    `Cannot ${what} as \`${part}\` of the domain must be a backend with a method \`${missing}\`: ${current}. ` +
      DOMAINS,
  );
}

/** The first method that a value does not have. */
function missingMethod<Method extends string>(value: unknown, methods: readonly Method[]): Method | undefined {
  const object = Object(value) as Record<string, unknown>;
  return methods.find((method) => typeof object[method] !== "function");
}

/**
 * Throws unless a file that a backend opened has the given methods, and closes it before throwing. All backends have a
 * method `open`, so one is easily mistaken for another.
 */
export function checkFile<File extends { close(): void }>(
  file: File,
  part: DomainPart,
  methods: readonly (keyof File & string)[],
): File {
  const missing = missingMethod(file, methods);
  if (missing === undefined) return file;
  if (missingMethod(file, ["close"]) === undefined) file.close();
  throw new TypeError(
    `the file that it opened has no method \`${missing}\`: check that the backend is the \`${part}\` of a domain`,
  );
}

/** Throws unless a value is a string. */
export function checkText<Text extends string>(
  what: string,
  name: string,
  value: Text | undefined,
): asserts value is Text {
  if (typeof value === "string") return;
  throw new ArgumentTypeError(`Cannot ${what} as ${name} must be a string: current value is ${show(value)}`);
}
