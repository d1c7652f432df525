/** Bundles programs that use the package. */

import { gzipSync } from "node:zlib";
import type { Tools } from "./projects.ts";

/**
 * Code of the device backends, which a program on the simulated Xen must not contain. The name of the symbol by which a
 * handle tells Deno how to show it, `Deno.customInspect`, is no call of Deno.
 */
const FOREIGN = /koffi|createRequire|dlopen|UnsafePointer|Deno\.(?!customInspect\b)|["'`]node:|\/dev\/xen\/gntdev/;

/** Bundles a program of the project with esbuild, and returns the path of the bundle. */
export async function esbuild(tools: Tools, project: string, entry: string): Promise<string> {
  const bundle = `bundles/esbuild/${entry.replace(/\.\w+$/, ".js")}`;
  await tools.run("esbuild/bin/esbuild", [
    entry,
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2024",
    "--external:*.wasm",
    `--outfile=${bundle}`,
    "--log-level=warning",
  ], project);
  await assertOwn(`${project}/${bundle}`);
  return `${project}/${bundle}`;
}

/** Bundles a program of the project with Vite, and returns the path of the bundle. */
export async function vite(tools: Tools, project: string, entry: string): Promise<string> {
  const config = {
    logLevel: "warn",
    build: { outDir: "bundles/vite", target: "es2024", lib: { entry, formats: ["es"], fileName: "bundle" } },
  };
  await Deno.writeTextFile(`${project}/vite.config.js`, `export default ${JSON.stringify(config)};\n`);
  await tools.run("vite/bin/vite.js", ["build"], project);
  const bundle = `${project}/bundles/vite/bundle.js`;
  await assertOwn(bundle);
  return bundle;
}

/** Throws if a bundle contains code of a device backend. */
async function assertOwn(bundle: string): Promise<void> {
  const [found] = FOREIGN.exec(await Deno.readTextFile(bundle)) ?? [];
  if (found !== undefined) throw new Error(`${bundle} must not contain ${found}`);
}

/** Returns the size of a bundle in bytes, as it is and gzipped. */
export async function sizeOf(bundle: string): Promise<{ bytes: number; gzipped: number }> {
  const bytes = await Deno.readFile(bundle);
  return { bytes: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
}
