/** The links in the documents of the npm package. */

import { posix } from "node:path";
import { linksIn } from "../markdown.ts";

/** Where a link of a document leads. */
interface Target {
  readonly url: string;
  /** The path that it names, from the root of the repository or the package. */
  readonly path: string;
  /** The fragment with its `#`, or nothing. */
  readonly fragment: string;
}

/** Lists the relative links of a document, which lies at `path`. */
export function relativeLinks(path: string, markdown: string): Target[] {
  return linksIn(markdown).flatMap(({ url }) => isRelative(url) ? [targetOf(path, url)] : []);
}

function isRelative(url: string): boolean {
  return !URL.canParse(url) && !url.startsWith("#");
}

function targetOf(path: string, url: string): Target {
  const [relative, fragment] = url.split("#", 2);
  return {
    url,
    path: posix.join(posix.dirname(path), decodeURI(relative!)).replace(/\/$/, ""),
    fragment: fragment === undefined ? "" : `#${fragment}`,
  };
}

/**
 * Makes a document of the repository one of the package: a relative link to something that only the repository has
 * becomes absolute.
 *
 * @param path Where the document lies.
 * @param isPacked Whether the package has a file.
 * @param absolute Returns the address of a file or folder of the repository.
 */
export function withPackedLinks(
  path: string,
  markdown: string,
  isPacked: (path: string) => boolean,
  absolute: (path: string) => string,
): string {
  let packed = markdown;
  // From the end, so that the offsets of the others stay right.
  for (const { url, start, end } of linksIn(markdown).reverse()) {
    if (!isRelative(url)) continue;
    const target = targetOf(path, url);
    if (isPacked(target.path)) continue;
    // The text of a link may contain its address, so the last one counts.
    const at = packed.lastIndexOf(url, end - url.length);
    if (at < start) throw new Error(`Cannot pack ${path}: the link to ${url} must be written without escapes`);
    packed = packed.slice(0, at) + absolute(target.path) + target.fragment + packed.slice(at + url.length);
  }
  return packed;
}
