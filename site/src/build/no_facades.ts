import type { Plugin } from "vite";

/**
 * Leaves out chunks that only export what another one has, each of which costs a request: who imports such a chunk
 * imports the other one. The bundler must keep the names of exports between chunks.
 */
export function noFacades(): Plugin {
  return {
    name: "no-facades",
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
      for (const { fileName, modules, imports, exports } of chunks) {
        const [source] = imports;
        if (source === undefined || imports.length > 1 || Object.keys(modules).length > 0) continue;
        const { exports: names } = chunks.find((chunk) => chunk.fileName === source)!;
        if (!exports.every((name) => names.includes(name))) {
          throw new Error(`Cannot leave out ${fileName}: ${source} exports ${names}, and not ${exports}`);
        }
        delete bundle[fileName];
        const nameOf = (path: string) => path.replace(/^.*\//, "");
        for (const chunk of chunks) chunk.code = chunk.code.replaceAll(nameOf(fileName), nameOf(source));
      }
    },
  };
}
