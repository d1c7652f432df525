/** The package.json of the npm package: what `deno pack` wrote, and what it does not know. */

/** The parts of a package.json that are used here. */
export interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string | { types?: string; import: string; default: string }>;
  [field: string]: unknown;
}

/**
 * The address of the repository. It has none yet: this one resolves nowhere, by the rules of its top-level domain, and
 * makes `deno task release` fail.
 */
export const REPOSITORY = "https://gntalloc.invalid/gntalloc";

/** Returns the address of a file or folder of the repository, as of a released version. */
export function addressOf(version: string, path: string): string {
  return `${REPOSITORY}/blob/v${version}/${path}`;
}

/** Adds the fields that npm and bundlers read. */
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
    // Lets bundlers drop the modules that a program does not use.
    sideEffects: false,
    main,
    types,
    exports: {
      ...exports,
      // deno pack writes conditions here, which mean nothing for a module that is not JavaScript.
      "./core.wasm": "./wasm/core.wasm",
      "./package.json": "./package.json",
    },
    // Older versions cannot detach the views of a mapping when it ends.
    engines: { node: ">=22" },
    // As a dependency, even an optional one, its install script would run for programs that use only the simulated Xen.
    peerDependencies: { koffi: "^3.3.4" },
    peerDependenciesMeta: { koffi: { optional: true } },
  };
}

const EXPECTED =
  /^(package\.json|(README|CHANGELOG)\.md|LICENSE|docs\/[\w-]+\.(md|svg)|wasm\/core\.wasm|.+\.(js|d\.ts))$/;

/** Returns what is wrong with a package: nothing if it may be published. */
export function faultsOf(manifest: Manifest, paths: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    const targets = typeof target === "string" ? [target] : Object.values(target);
    for (const file of targets) {
      if (!paths.has(file.slice(2))) faults.push(`${subpath}: ${file} is not in the package`);
    }
    // deno pack silently omits the types of a module that leaves a type to inference.
    if (typeof target !== "string" && target.types === undefined) faults.push(`${subpath} has no types`);
  }
  for (const path of ["README.md", "LICENSE", "CHANGELOG.md"]) {
    if (!paths.has(path)) faults.push(`${path} is not in the package`);
  }
  for (const path of paths) {
    if (!EXPECTED.test(path) || /(^|\/)(core_debug|node_modules|.*_test)\b/.test(path)) {
      faults.push(`${path} is a stray file`);
    }
  }
  return faults;
}
