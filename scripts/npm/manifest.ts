/** The package.json of the npm package: what `deno pack` wrote, and what it does not know of. */

/** As much of a package.json as is looked at here. */
export interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string | { types?: string; import: string; default: string }>;
  [field: string]: unknown;
}

/**
 * Where the sources are to be had. No public address is settled: this one leads nowhere, by the rules of that domain, rather
 * than to somebody else, and `deno task release` fails for it.
 */
export const REPOSITORY = "https://gntalloc.invalid/gntalloc";

/** Adds what npm and bundlers want to know. */
export function completed(packed: Manifest): Manifest {
  const { name, version, type, license, main, types, exports } = packed;
  return {
    name,
    version,
    description: "Share pages of memory between Xen domains: /dev/xen/gntalloc from TypeScript, and a simulated Xen",
    keywords: ["xen", "gntalloc", "gntdev", "grant table", "shared memory"],
    homepage: `${REPOSITORY}#readme`,
    bugs: `${REPOSITORY}/issues`,
    repository: { type: "git", url: `git+${REPOSITORY}.git` },
    license,
    type,
    // Nobody who imports a part pays for the rest.
    sideEffects: false,
    main,
    types,
    exports: {
      ...exports,
      // A module for whoever compiles it, with one way to say so; deno pack gives it conditions that say nothing.
      "./core.wasm": "./wasm/core.wasm",
      "./package.json": "./package.json",
    },
    // Older ones cannot detach the view of a mapping that has ended.
    engines: { node: ">=22" },
    // A dependency, even an optional one, would run its install script in programs that need the mock alone.
    peerDependencies: { koffi: "^3.3.4" },
    peerDependenciesMeta: { koffi: { optional: true } },
  };
}

/** What is wrong with a package: nothing if it may be published. */
export function faultsOf(manifest: Manifest, paths: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    const targets = typeof target === "string" ? [target] : Object.values(target);
    for (const file of targets) {
      if (!paths.has(file.slice(2))) faults.push(`${subpath}: ${file} is not in the package`);
    }
    // deno pack leaves a type file out, without a word, where a type is not written down in full.
    if (typeof target !== "string" && target.types === undefined) faults.push(`${subpath} has no types`);
  }
  for (const path of ["README.md", "LICENSE", "CHANGELOG.md"]) {
    if (!paths.has(path)) faults.push(`${path} is not in the package`);
  }
  for (const path of paths) {
    if (!/^(package\.json|(README|CHANGELOG)\.md|LICENSE|wasm\/core\.wasm|.+\.(js|d\.ts))$/.test(path)) {
      faults.push(`${path} is a stray file`);
    }
    if (/(^|\/)(core_debug|node_modules|.*_test)\b/.test(path)) faults.push(`${path} is a stray file`);
  }
  return faults;
}
