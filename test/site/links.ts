/** Where the links of the site lead. Of the reference, which has 1500 pages of `deno doc`, two are checked. */

import { posix } from "node:path";
import { readLessons } from "../../site/src/build/lessons.ts";

const REPOSITORY = new URL("../..", import.meta.url).pathname;
const OF_REFERENCE = new Set(["api/index.html", "api/~/GrantDevice.html"]);
const LINK = /<(?:a|img|link|script)\b[^>]*?\s(?:href|src)="([^"]*)"/g;
const ID = /\sid="([^"]*)"/g;

/** The links of all pages, counted, and those that lead nowhere. */
export async function linksOf(site: string): Promise<{ count: number; dead: string[] }> {
  const pages = new Map<string, { readonly links: string[]; readonly ids: Set<string> }>();
  const files = await filesIn(site, "");
  for (const path of files) {
    if (!path.endsWith(".html") || (path.startsWith("api/") && !OF_REFERENCE.has(path))) continue;
    const html = await Deno.readTextFile(`${site}/${path}`);
    const matches = (pattern: RegExp) => [...html.matchAll(pattern)].map(([, value]) => value!);
    pages.set(path, { links: matches(LINK), ids: new Set(matches(ID)) });
  }
  // The playground opens lessons by their fragments.
  for (const { id } of await readLessons(REPOSITORY)) pages.get("play/index.html")!.ids.add(id);
  let count = 0;
  const dead: string[] = [];
  for (const [path, { links }] of pages) {
    for (const link of links) {
      if (URL.canParse(link)) continue;
      count++;
      const [target = "", fragment] = link.split("#");
      const place = target === "" ? path : posix.join(posix.dirname(path), decodeURI(target));
      const file = place.endsWith("/") ? `${place}index.html` : place;
      const ids = pages.get(file)?.ids;
      const isThere = files.has(file) && (fragment === undefined || ids === undefined || ids.has(fragment));
      if (!isThere) dead.push(`${path}: ${link}`);
    }
  }
  return { count, dead };
}

async function filesIn(site: string, folder: string): Promise<Set<string>> {
  const files = new Set<string>();
  for await (const { name, isDirectory } of Deno.readDir(`${site}/${folder}`)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (!isDirectory) files.add(path);
    else for (const file of await filesIn(site, path)) files.add(file);
  }
  return files;
}
