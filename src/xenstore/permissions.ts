import { ArgumentRangeError, ArgumentTypeError } from "../contract/argument_error.ts";
import { checkDomid, show } from "../contract/checks.ts";
import { checkPlainObject, listNames, readOptions } from "../contract/options.ts";
import { Garbage } from "./garbage.ts";
import { wordsOf } from "./replies.ts";

/** What a domain may do to a node: read it, write it and create nodes below it, both, or neither. */
export type StoreAccess = "none" | "read" | "write" | "both";

/**
 * An entry in the permissions of a node. The first entry names the owner, who may do everything, and its `access` is
 * that of all domains that have no entry of their own.
 */
export interface StorePermission {
  /** The domain, 0 to 32751 (0x7FEF). */
  readonly domid: number;
  /** What the domain may do; in the first entry: what others may do. */
  readonly access: StoreAccess;
}

/** The letters by which the daemon names the rights. */
const LETTERS: Readonly<Record<StoreAccess, string>> = { none: "n", read: "r", write: "w", both: "b" };
const ACCESS = new Map(Object.entries(LETTERS).map(([access, letter]) => [letter, access as StoreAccess]));

/** Reads the permissions in a reply. */
export function toPermissions(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): StorePermission[] {
  const permissions = wordsOf(bytes, start, end).map((word) => {
    const access = ACCESS.get(word.slice(0, 1));
    const digits = word.slice(1);
    if (access === undefined || !/^[0-9]{1,5}$/.test(digits)) throw new Garbage("an invalid permission");
    return { domid: Number(digits), access };
  });
  if (permissions.length === 0) throw new Garbage("permissions without an owner");
  return permissions;
}

/**
 * Writes permissions as the daemon reads them.
 *
 * @throws {TypeError} or {RangeError} if they are not permissions.
 */
export function fromPermissions(what: string, permissions: unknown): string[] {
  if (!Array.isArray(permissions)) {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`permissions\` must be an array: current value is ${show(permissions)}`,
    );
  }
  if (permissions.length === 0) {
    throw new ArgumentRangeError(`Cannot ${what} as \`permissions\` must have at least one entry, that of the owner`);
  }
  return Array.from(permissions, (entry: StorePermission, index) => {
    const name = `\`permissions[${index}]\``;
    checkPlainObject(what, entry, name);
    const { domid, access } = readOptions(what, entry, ["domid", "access"], name);
    checkDomid(what, domid, `\`domid\` of ${name}`);
    const letter = typeof access === "string" && Object.hasOwn(LETTERS, access) ? LETTERS[access] : undefined;
    if (letter !== undefined) return `${letter}${domid}`;
    const error = typeof access === "string" ? ArgumentRangeError : ArgumentTypeError;
    throw new error(
      `Cannot ${what} as \`access\` of ${name} must be one of ${listNames(Object.keys(LETTERS))}: ` +
        `current value is ${show(access)}`,
    );
  });
}
