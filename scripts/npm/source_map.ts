/**
 * The source maps that `deno pack` embeds in modules. They name each source by its path on the machine that packed it.
 */

const MAP = /^\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/m;

/** Returns the module with a map that names its sources without a folder: the same on every machine. */
export function withPortableMap(module: string): string {
  return module.replace(MAP, (_, encoded: string) => {
    const map = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(encoded)));
    map.sources = map.sources.map((source: string) => source.replace(/^.*\//, ""));
    const bytes = new TextEncoder().encode(JSON.stringify(map));
    return `//# sourceMappingURL=data:application/json;base64,${bytes.toBase64()}`;
  });
}
