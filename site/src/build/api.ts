import { relative } from "node:path";
import config from "../../../deno.json" with { type: "json" };
import { exec } from "../../../scripts/exec.ts";
import { escape } from "./shell.ts";

/** The policy of the reference. `deno doc` writes styles into its elements. */
const POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; img-src 'self' data:; font-src 'self'; script-src 'self'; " +
  "style-src 'self' 'unsafe-inline'";

/** Writes the API reference of all entries of the library into `api/` of the site. */
export async function writeApi(repository: string, site: string): Promise<void> {
  const folder = `${site}/api`;
  const entries = Object.values(config.exports).filter((path) => path.endsWith(".ts"));
  const args = ["doc", "--html", "--quiet", "--name=gntalloc", `--output=${folder}`, ...entries];
  await exec(Deno.execPath(), args, { cwd: repository });
  await complete(folder, site);
}

/** Adds what `deno doc` leaves out of its pages: a language, a policy, an icon, and a way back. */
async function complete(folder: string, site: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await complete(path, site);
    if (!name.endsWith(".html")) continue;
    const root = `${relative(folder, site)}/`;
    const head = `<html lang="en">\n<head>\n<meta http-equiv="Content-Security-Policy" content="${escape(POLICY)}">\n` +
      `<link rel="icon" href="${root}icon.svg" type="image/svg+xml">`;
    const back =
      `<a href="${root}index.html" style="position:absolute;top:0;right:1rem;font-size:.75rem">gntalloc’s site</a>`;
    const html = await Deno.readTextFile(path);
    // Some pages only lead to another one.
    if (html.includes('http-equiv="refresh"')) continue;
    const completed = html.replace(/<html>\s*<head>/, head).replace("<body>", `<body>\n${back}`);
    if (!completed.includes(head)) throw new Error(`Cannot complete ${path}: deno doc has written another beginning`);
    await Deno.writeTextFile(path, completed);
  }
}
