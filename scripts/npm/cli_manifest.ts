/** The package.json of the npm package of the command line: what `deno pack` wrote, and what it does not know. */

import manifest from "../../package.json" with { type: "json" };
import { type Manifest, REPOSITORY } from "./manifest.ts";

const EXPECTED = /^(package\.json|README\.md|LICENSE|main\.js|src\/[\w/]+\.js)$/;

/** Returns the manifest of a program: it is run, and not imported. */
export function completedCli({ name, version, type, license }: Manifest): Manifest {
  return {
    name,
    version,
    description:
      "Share memory between Xen domains from the command line, and see what is going on; also on a simulated Xen",
    keywords: ["xen", "gntalloc", "gntdev", "xenstore", "vchan", "cli"],
    homepage: `${REPOSITORY}#readme`,
    bugs: `${REPOSITORY}/issues`,
    repository: { type: "git", url: `git+${REPOSITORY}.git`, directory: "cli" },
    license,
    type,
    bin: { gntalloc: "main.js" },
    exports: { "./package.json": "./package.json" },
    // That of commander.
    engines: { node: ">=22.12" },
    dependencies: { "@gntalloc/gntalloc": version, commander: `^${manifest.devDependencies.commander}` },
    // Who runs a command on the real devices under Node needs it, and has not installed the library by hand.
    optionalDependencies: { koffi: "^3.3.4" },
  };
}

/** Returns what is wrong with the package: nothing if it may be published. */
export function faultsOfCli(paths: ReadonlySet<string>): string[] {
  return [
    ...["README.md", "LICENSE", "main.js"].filter((path) => !paths.has(path)).map((path) =>
      `${path} is not in the package`
    ),
    ...[...paths].filter((path) => !EXPECTED.test(path)).map((path) => `${path} is a stray file`),
  ];
}
