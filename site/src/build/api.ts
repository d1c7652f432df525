import { relative } from "node:path";
import config from "../../../deno.json" with { type: "json" };
import { exec } from "../../../scripts/exec.ts";
import { placeOf } from "./doc_pages.ts";
import { escape } from "./shell.ts";

/** The policy of the reference. `deno doc` writes styles into its elements. */
const POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; img-src 'self' data:; font-src 'self'; script-src 'self'; " +
  "style-src 'self' 'unsafe-inline'";

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

/** Adds what `deno doc` leaves out of its pages: a language, a policy, names, a way back, and where the sources are. */
async function complete(folder: string, site: string, repository: string, sources: Set<string>): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await complete(path, site, repository, sources);
    if (!name.endsWith(".html")) continue;
    const html = (await Deno.readTextFile(path)).replaceAll("&#x2F;", "/");
    // Some pages only lead to another one.
    if (html.includes('http-equiv="refresh"')) continue;
    const root = `${relative(folder, site)}/`;
    const head = `<html lang="en">\n<head>\n<meta http-equiv="Content-Security-Policy" content="${escape(POLICY)}">\n` +
      `<link rel="icon" href="${root}icon.svg" type="image/svg+xml">`;
    const back = `<nav aria-label="Site" class="back"><a href="${root}index.html">gntalloc’s site</a></nav>`;
    const completed = html.replace(/<html>\s*<head>/, head)
      .replace("</head>", `<link rel="stylesheet" href="${root}api/colours.css"></head>`)
      .replaceAll('<button class="copyButton"', '<button class="copyButton" aria-label="Copy"')
      .replace('<nav id="topnav"', '<nav id="topnav" aria-label="Reference"')
      .replace('<nav class="topSymbols"', '<nav class="topSymbols" aria-label="Symbols"')
      .replace("<body>", `<body>\n${back}`)
      .replaceAll(/"file:\/\/([^"#]+)/g, (_, file: string) => {
        const source = relative(repository, file);
        sources.add(source);
        return `"${root}${placeOf(source)}`;
      });
    if (!completed.includes(head)) throw new Error(`Cannot complete ${path}: deno doc has written another beginning`);
    await Deno.writeTextFile(path, completed);
  }
}
