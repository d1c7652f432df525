import { build } from "vite";
import { nodeShims } from "./node_shims.ts";
import { libraryIn } from "./package.ts";

/** What the bundler wrote, as paths in the site. */
export interface Bundles {
  /** The script of the playground. */
  readonly play: string;
  /** The source of the worker: a classic script, as a frame without an origin can start no other. */
  readonly runner: string;
}

interface Output {
  readonly output: readonly { readonly type: string; readonly isEntry?: boolean; readonly fileName: string }[];
}

/**
 * Bundles the playground and its worker into `assets/` of the site.
 *
 * @param site Where the site is built.
 * @param cache The folder in which the library is installed.
 */
export async function bundle(repository: string, site: string, cache: string): Promise<Bundles> {
  const one = async (entry: string, format: "es" | "iife") => {
    const result = await build({
      root: `${repository}/site`,
      base: "./",
      configFile: false,
      logLevel: "warn",
      publicDir: false,
      plugins: [libraryIn(cache, repository), nodeShims()],
      build: {
        outDir: site,
        emptyOutDir: false,
        target: "es2022",
        modulePreload: false,
        reportCompressedSize: false,
        rollupOptions: {
          input: `${repository}/site/src/${entry}`,
          output: { entryFileNames: "assets/[name]-[hash].js", format },
          preserveEntrySignatures: false,
        },
      },
    });
    const { output } = result as unknown as Output;
    const [script, ...others] = output;
    if (script === undefined || others.length > 0) {
      throw new Error(`Cannot bundle ${entry}: it must become one file, and became ${output.length}`);
    }
    return script.fileName;
  };
  return { play: await one("play/main.ts", "es"), runner: await one("runner/main.ts", "iife") };
}
