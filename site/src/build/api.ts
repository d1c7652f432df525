import { relative } from "node:path";
import config from "../../../deno.json" with { type: "json" };
import { exec } from "../../../scripts/exec.ts";
import { completed } from "./api_page.ts";
import { placeOf } from "./doc_pages.ts";

/** Writes the API reference of all entries of the library into `api/` of the site. Returns the sources that it names. */
export async function writeApi(repository: string, site: string): Promise<string[]> {
  const folder = `${site}/api`;
  const entries = Object.values(config.exports).filter((path) => path.endsWith(".ts"));
  const args = ["doc", "--html", "--quiet", "--name=gntalloc", `--output=${folder}`, ...entries];
  await exec(Deno.execPath(), args, { cwd: repository });
  await Deno.copyFile(`${repository}/site/style/api.css`, `${folder}/colours.css`);
  const sources = new Set<string>();
  await complete(folder, site, repository, sources);
  return [...sources].sort();
}

/** Completes all pages, and leads to the sources on the site. */
async function complete(folder: string, site: string, repository: string, sources: Set<string>): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await complete(path, site, repository, sources);
    if (!name.endsWith(".html")) continue;
    const html = (await Deno.readTextFile(path)).replaceAll("&#x2F;", "/");
    // Some pages only lead to another one.
    if (html.includes('http-equiv="refresh"')) continue;
    const root = `${relative(folder, site)}/`;
    const page = completed(html, root).replaceAll(/"file:\/\/([^"#]+)/g, (_, file: string) => {
      const source = relative(repository, file);
      sources.add(source);
      return `"${root}${placeOf(source)}`;
    });
    await Deno.writeTextFile(path, page);
  }
}
