/**
 * The paths of nodes.
 *
 * @module
 */
import { ArgumentRangeError, ArgumentTypeError } from "../contract/argument_error.ts";
import { show } from "../contract/checks.ts";

/** The most characters of a path, behind `/local/domain/N/` if it begins so. Daemons may be set to take fewer. */
export const LONGEST_RELATIVE = 2048;
/** The beginning of an absolute path that does not count. */
const HOME = /^\/local\/domain\/\d{1,5}\//;

/** 1 for each character, by code, that a path may have. */
const ALLOWED = new Uint8Array(128);
for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@") {
  ALLOWED[letter.charCodeAt(0)] = 1;
}
const SLASH = 0x2f;

/**
 * Puts a path into a buffer that has room for the longest one.
 *
 * @param what The operation, for the message: "read".
 * @returns Where the path ends in the buffer.
 * @throws {TypeError} if it is not a string.
 * @throws {RangeError} if it cannot be the path of a node.
 */
export function encodePath(what: string, path: unknown, bytes: Uint8Array<ArrayBuffer>, start: number): number {
  if (typeof path !== "string") return refusePath(what, path);
  const { length } = path;
  if (length === 0 || (length > LONGEST_RELATIVE && relativeLength(path) > LONGEST_RELATIVE)) refusePath(what, path);
  let before = 0;
  for (let index = 0; index < length; index++) {
    const code = path.charCodeAt(index);
    if (ALLOWED[code] !== 1 || (code === SLASH && before === SLASH)) refusePath(what, path);
    bytes[start + index] = before = code;
  }
  if (before === SLASH && length > 1) refusePath(what, path);
  return start + length;
}

export function relativeLength(path: string): number {
  return path.length - (HOME.exec(path)?.[0].length ?? 0);
}

/** Says what is wrong with a path. It is apart from the check, which is on every hot path. */
function refusePath(what: string, path: unknown): never {
  const cannot = `Cannot ${what} as \`path\` must`;
  if (typeof path !== "string") throw new ArgumentTypeError(`${cannot} be a string: current value is ${show(path)}`);
  const current = `current value is ${show(path)}`;
  if (path === "") throw new ArgumentRangeError(`${cannot} not be empty: ${current}`);
  const relative = relativeLength(path);
  if (relative > LONGEST_RELATIVE) {
    const behind = relative < path.length ? " behind `/local/domain/N/`" : "";
    throw new ArgumentRangeError(
      `${cannot} have at most ${LONGEST_RELATIVE} characters${behind}: current value has ${relative}`,
    );
  }
  const wrong = [...path].find((letter) => ALLOWED[letter.codePointAt(0)!] !== 1);
  if (wrong !== undefined) {
    throw new ArgumentRangeError(
      `${cannot} have only the characters A-Z, a-z, 0-9, -, /, _ and @: current value has ${show(wrong)}`,
    );
  }
  if (path.includes("//")) throw new ArgumentRangeError(`${cannot} have no empty part, as in \`//\`: ${current}`);
  throw new ArgumentRangeError(`${cannot} not end with \`/\`: ${current}`);
}
