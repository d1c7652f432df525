import { build } from "vite";
import { nodeShims } from "./node_shims.ts";
import { libraryIn } from "./package.ts";

/** What the bundler wrote, as paths in the site. */
export interface Bundles {
  /** The script of the playground. */
  readonly play: string;
  /** The modules that it imports when the page has come to rest, or a program is run: the editor and its parser. */
  readonly modules: readonly string[];
  /** The source of the worker: a classic script, as a frame without an origin can start no other. */
  readonly runner: string;
}

interface Output {
  readonly output: readonly { readonly fileName: string }[];
}

/**
 * Bundles the playground and its worker into `assets/` of the site.
 *
 * @param site Where the site is built.
 * @param cache The folder in which the library is installed.
 */
export async function bundle(repository: string, site: string, cache: string): Promise<Bundles> {
  const files = async (entry: string, name: string, format: "es" | "iife") => {
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
          input: { [name]: `${repository}/site/src/${entry}` },
          output: { entryFileNames: "assets/[name]-[hash].js", chunkFileNames: "assets/[name]-[hash].js", format },
        },
      },
    });
    // The entry comes first.
    return (result as unknown as Output).output.map(({ fileName }) => fileName);
  };
  const [play, ...modules] = await files("play/main.ts", "play", "es");
  const [runner] = await files("runner/main.ts", "runner", "iife");
  return { play: play!, modules, runner: runner! };
}
