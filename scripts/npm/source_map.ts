/** The source maps that `deno pack` embeds name files by where they lay on the machine that packed them. */

const MAP = /^\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/m;

/** The same module with a map whose sources, which it carries, are named beside the module: the same on each machine. */
export function withPortableMap(module: string): string {
  return module.replace(MAP, (_, encoded: string) => {
    const map = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(encoded)));
    map.sources = map.sources.map((source: string) => source.replace(/^.*\//, ""));
    const bytes = new TextEncoder().encode(JSON.stringify(map));
    return `//# sourceMappingURL=data:application/json;base64,${bytes.toBase64()}`;
  });
}
