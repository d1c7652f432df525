/**
 * Paths of nodes: `/`, `/local/domain/1/data`.
 *
 * @module
 */

/** The beginning of the home of each domain. */
export const HOMES = "/local/domain/";

/** The home of a domain. */
export function homeOf(domid: number): string {
  return HOMES + domid;
}

/** A path as an absolute one. Those of domains' events, as `@releaseDomain`, stay. */
export function absolutePath(path: string, home: string): string {
  return path[0] === "/" || path[0] === "@" ? path : `${home}/${path}`;
}

/** The path of a node's parent. That of `/` is `/`. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The name of a node. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The path of a child. */
export function childOf(path: string, name: string): string {
  return path === "/" ? `/${name}` : `${path}/${name}`;
}

/** Whether a node is another one, or below it. */
export function isWithin(path: string, top: string): boolean {
  if (top === "/") return path[0] === "/";
  return path.startsWith(top) && (path.length === top.length || path[top.length] === "/");
}

/** Whether a path can be that of a node. */
export function isValidPath(path: string, maxLength: number): boolean {
  if (path === "/") return true;
  if (path[0] !== "/" || path.length > maxLength + homeLength(path)) return false;
  let before = 0x2f;
  for (let index = 1; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code === 0x2f ? before === 0x2f : !isNameCode(code)) return false;
    before = code;
  }
  return before !== 0x2f;
}

/** The length of `/local/domain/N/`, if a path begins so: it does not count toward the limit. */
function homeLength(path: string): number {
  if (!path.startsWith(HOMES)) return 0;
  const end = path.indexOf("/", HOMES.length);
  const digits = path.slice(HOMES.length, end);
  return end < 0 || digits === "" || digits.length > 5 || !isNumber(digits) ? 0 : end + 1;
}

function isNumber(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/** Whether a character may be in a name: letters, digits, `-`, `_` and `@`. */
function isNameCode(code: number): boolean {
  return code >= 0x61 && code <= 0x7a || code >= 0x40 && code <= 0x5a || code >= 0x30 && code <= 0x39 ||
    code === 0x2d || code === 0x5f;
}
