/**
 * `deno task site [FOLDER]`: builds the site, in `.cache/site/` by default: static files that work from any folder of any
 * server. The same sources give the same bytes.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { writeApi } from "./src/build/api.ts";
import { writePages } from "./src/build/pages.ts";
import { installLibrary } from "./src/build/package.ts";
import { bundle } from "./src/build/bundle.ts";

const repository = Deno.realPathSync(`${import.meta.dirname}/..`);

/** Builds the site in a folder, which is emptied first. */
export async function buildSite(folder: string): Promise<void> {
  const cache = `${repository}/.cache/site-build`;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  await installLibrary(cache);
  const sources = await writeApi(repository, folder);
  await writePages(repository, folder, cache, await bundle(repository, folder, cache), sources);
}

if (import.meta.main) {
  const { positionals: [folder = `${repository}/.cache/site`] } = parseArgs({ allowPositionals: true });
  await buildSite(folder);
  console.log(folder);
  console.log(`To look at it: npx -y http-server -c-1 "${folder}", and open http://127.0.0.1:8080`);
}
