/** The links in the documents of the package. */

import { readPackage } from "../../../scripts/build_npm.ts";
import { linksIn } from "../../../scripts/markdown.ts";
import { relativeLinks } from "../../../scripts/npm/links.ts";
import { addressOf } from "../../../scripts/npm/manifest.ts";

/** Throws unless every link leads to a file of the package, or by an absolute address to one of the repository. */
export async function checkLinks(repository: string, tarball: string): Promise<string> {
  const files = await readPackage(tarball);
  const decoder = new TextDecoder();
  const { version } = JSON.parse(decoder.decode(files.get("package.json")));
  const base = addressOf(version, "");
  const dead: string[] = [];
  let count = 0;
  for (const [path, bytes] of files) {
    if (!path.endsWith(".md")) continue;
    const markdown = decoder.decode(bytes);
    for (const target of relativeLinks(path, markdown)) {
      count++;
      if (!files.has(target.path)) dead.push(`${path}: ${target.url}`);
    }
    for (const { url } of linksIn(markdown)) {
      if (!url.startsWith(base)) continue;
      count++;
      const file = `${repository}/${url.slice(base.length).replace(/#.*/, "")}`;
      if (!await Deno.stat(file).then(() => true, () => false)) dead.push(`${path}: ${url}`);
    }
  }
  if (dead.length > 0) throw new Error(`links that lead nowhere:\n${dead.join("\n")}`);
  return `${count} links`;
}
