/**
 * The graph of this repository's imports, as `deno info` sees it: type-only and dynamic imports included.
 *
 * @module
 */

import { exec } from "../../../scripts/exec.ts";

/**
 * The imports of each module. Paths are relative to the repository; other imports are as they are written, such as `node:fs`,
 * `npm:vitest` or `koffi`.
 */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** The part of the output of `deno info --json` that is used here. */
interface Info {
  readonly modules: readonly { readonly specifier: string; readonly dependencies?: readonly Dependency[] }[];
}

interface Dependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

const ROOT = new URL("../../../", import.meta.url);
/** What is not source: what tasks make, and what npm installs. */
const SKIPPED = new Set(["node_modules", "coverage", "docs"]);

/** Returns the paths of all TypeScript files of the repository. */
export async function sources(folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (name.startsWith(".") || SKIPPED.has(name)) continue;
    if (isDirectory) found.push(...await sources(`${folder}${name}/`));
    else if (name.endsWith(".ts")) found.push(folder + name);
  }
  return found.sort();
}

/** Reads the text of a source file. */
export function textOf(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** Reads the imports of all files. */
export async function importGraph(paths: readonly string[]): Promise<ImportGraph> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(entry, paths.map((path) => `import ${JSON.stringify(ROOT.href + path)};\n`).join(""));
    const info = JSON.parse(await exec(Deno.execPath(), ["info", "--json", entry], { cwd: ROOT })) as Info;
    const graph = new Map(paths.map((path): [string, string[]] => [path, []]));
    for (const { specifier, dependencies = [] } of info.modules) {
      const imports = graph.get(relative(specifier));
      if (imports === undefined) continue;
      for (const dependency of dependencies) {
        const target = dependency.code?.specifier ?? dependency.type?.specifier ?? dependency.specifier;
        imports.push(relative(target));
      }
    }
    return graph;
  } finally {
    await Deno.remove(entry);
  }
}

/** Returns a path in this repository, or another specifier as it is. */
function relative(specifier: string): string {
  if (!specifier.startsWith(ROOT.href)) return specifier;
  const path = specifier.slice(ROOT.href.length);
  // AssemblyScript's imports have no extension.
  return path.startsWith("wasm/assembly/") && !path.endsWith(".ts") ? `${path}.ts` : path;
}
