/**
 * Reading options: the same rules for every public function that takes some.
 *
 * @module
 */
import { ArgumentTypeError } from "./argument_error.ts";
import { show } from "./checks.ts";

const { getPrototypeOf, hasOwn } = Object;

/**
 * Options that were read. An option that is absent is not found in `Object.prototype` either, and engines read them
 * faster than those of `Object.create(null)`.
 */
class Read {
  static {
    Object.setPrototypeOf(Read.prototype, null);
  }
}

/**
 * Reads options. Each is read once, and only if it is an enumerable property of the object itself: what somebody added
 * to `Object.prototype` is no option.
 *
 * @example
 * ```ts ignore
 * const { limit, core } = readOptions("create a device", options, ["limit", "core"]);
 * ```
 *
 * @param what The operation, for the message: "create a device".
 * @param value What the caller passed; `undefined` means no options.
 * @param names The names of all options that exist.
 * @param name What the value is called in messages.
 * @returns An object with those options that are there. Their values have not been checked.
 * @throws {TypeError} if the value is not a plain object, or has an option with another name.
 */
export function readOptions<Options extends object>(
  what: string,
  value: Options | undefined,
  names: readonly (keyof Options & string)[],
  name: string = "the options",
): Partial<Options> {
  const read = new Read() as Partial<Options>;
  if (value === undefined) return read;
  const simple = isSimple(value);
  if (!simple) checkPlainObject(what, value, name);
  for (const option in value) {
    if (!simple && !hasOwn(value, option)) continue;
    if (!names.includes(option)) refuseOption(what, option, names, name);
    read[option] = value[option];
  }
  return read;
}

/**
 * Whether a value is a plain object, of which `for…in` visits only its own properties. A hot path reads such options by
 * itself, without a new object, and leaves others to {@linkcode readOptions}.
 */
export function isSimple(value: unknown): value is object {
  if (typeof value !== "object" || value === null || getPrototypeOf(value) !== Object.prototype) return false;
  for (const _ in Object.prototype) return false;
  return true;
}

/**
 * Whether a value is an object that was written as `{ … }` or made by `Object.create(null)`, in any realm: the
 * `Object.prototype` of another realm is a different object, but has no prototype either.
 */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || getPrototypeOf(prototype) === null;
}

/** Throws unless a value is a plain object. */
export function checkPlainObject(what: string, value: unknown, name: string): asserts value is object {
  if (isPlainObject(value)) return;
  const shown = show(value);
  throw new ArgumentTypeError(
    `Cannot ${what} as ${name} must be a plain object: current value is ${
      shown === "an Object" ? "an instance of a class" : shown
    }`,
  );
}

function refuseOption(what: string, option: string, names: readonly string[], name: string): never {
  const where = name === "the options" ? "" : ` in ${name}`;
  const near = nearest(option, names);
  const list = `${names.length === 1 ? "only option is" : "options are"} ${listNames(names)}`;
  const hint = near === undefined ? `the ${list}` : `did you mean \`${near}\`? The ${list}`;
  throw new ArgumentTypeError(`Cannot ${what} as there is no option ${quote(option)}${where}: ${hint}`);
}

function quote(name: string): string {
  return `\`${name.length > 40 ? `${name.slice(0, 40)}…` : name}\``;
}

/** Lists names in a message: "`a`", "`a` and `b`", "`a`, `b` and `c`". */
export function listNames(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  const last = quoted.pop()!;
  return quoted.length === 0 ? last : `${quoted.join(", ")} and ${last}`;
}

/**
 * The name that somebody probably meant: one that differs by a few letters, or contains the given one. `undefined` if
 * there is none.
 */
export function nearest(given: string, names: readonly string[]): string | undefined {
  if (given.length > 40) return undefined;
  const word = given.toLowerCase();
  let best: string | undefined;
  let least = Infinity;
  for (const name of names) {
    const other = name.toLowerCase();
    const contained = word.length > 2 && (other.includes(word) || word.includes(other));
    const distance = contained ? 1 : editDistance(word, other);
    if (distance < least && distance <= Math.max(1, Math.floor(other.length / 3))) [best, least] = [name, distance];
  }
  return best;
}

/** How many letters to insert, delete or replace to get from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let index = 1; index <= from.length; index++) {
    const next = [index];
    for (let column = 1; column <= to.length; column++) {
      const replaced = row[column - 1]! + (from[index - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
