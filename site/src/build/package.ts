import { dirname, resolve } from "node:path";
import type { Plugin } from "vite";
import config from "../../../deno.json" with { type: "json" };
import { buildNpm, readPackage } from "../../../scripts/build_npm.ts";

/** Builds the npm package, and unpacks it into `node_modules/` of a folder, as an installation does. */
export async function installLibrary(folder: string): Promise<void> {
  const files = await readPackage(await buildNpm(folder));
  const root = `${folder}/node_modules/${config.name}`;
  await Deno.remove(root, { recursive: true }).catch(() => {});
  for (const [path, bytes] of files) {
    await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
    await Deno.writeFile(`${root}/${path}`, bytes);
  }
}

/**
 * Has modules import the library from the package in a folder, as its users do. Examples, which import its sources, get
 * the package, too.
 */
export function libraryIn(folder: string, repository: string): Plugin {
  const entries = new Map(
    Object.entries(config.exports).map((
      [subpath, path],
    ) => [resolve(repository, path), config.name + subpath.slice(1)]),
  );
  return {
    name: "the library from its package",
    enforce: "pre",
    async resolveId(id, importer) {
      const name = id.startsWith(".") && importer !== undefined ? entries.get(resolve(dirname(importer), id)) : id;
      if (name === undefined || !`${name}/`.startsWith(`${config.name}/`)) return null;
      return await this.resolve(name, `${folder}/index.js`, { skipSelf: true });
    },
  };
}
