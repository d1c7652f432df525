/** Checks that npm, JSR, bundlers and type checkers accept the package. */

import { buildNpm, sha256 } from "../../scripts/build_npm.ts";
import { exec } from "../../scripts/exec.ts";
import { checkLinks } from "./docs/links.ts";
import type { Outcome } from "./programs/tests.ts";
import type { Tools } from "../../scripts/npm/projects.ts";

/** Checks by their names. A check throws, or returns what it found. */
export type Checks = Record<string, () => Promise<string | Outcome>>;

/** What the build needs beside the published sources. */
const BUILD_FILES = ["cli", "deno.json", "deno.lock", "package.json", "scripts"];

/** Builds a package again, and throws unless its tarball is the same. */
export async function sameBytes(
  build: (folder: string) => Promise<string>,
  project: string,
  tarball: string,
): Promise<string> {
  const folder = `${project}/again`;
  const again = await sha256(await build(folder));
  await Deno.remove(folder, { recursive: true });
  const before = await sha256(tarball);
  if (again !== before) throw new Error(`${before} at first, then ${again}`);
  return `${(await Deno.stat(tarball)).size} bytes, sha256 ${before}`;
}

/** Returns the checks of the package itself. `project` has it installed. */
export function packageChecks(tools: Tools, repository: string, tarball: string, project: string): Checks {
  const compile = (resolution: string, module: string) => async () => {
    await tools.run("typescript/bin/tsc", [
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--noUncheckedIndexedAccess",
      // The package needs no types of Node or Deno.
      "--types",
      "",
      "--lib",
      "esnext,dom",
      "--target",
      "esnext",
      "--module",
      module,
      "--moduleResolution",
      resolution,
      "consumer.ts",
    ], project);
    return "a strict project compiles";
  };
  return {
    "the same bytes again": () => sameBytes(buildNpm, project, tarball),
    "the same bytes from another folder": async () => {
      const folder = await Deno.makeTempDir();
      try {
        const { publish: { include } } = JSON.parse(await Deno.readTextFile(`${repository}/deno.json`));
        const sources = [...include, ...BUILD_FILES].map((path) => `./${path}`.replace(/\/$/, ""));
        await exec("cp", ["-r", "--parents", ...sources, folder], { cwd: repository });
        await Deno.symlink(`${repository}/node_modules`, `${folder}/node_modules`);
        const args = ["run", "-A", `${folder}/scripts/build_npm.ts`, `${folder}/made`];
        const printed = await exec(Deno.execPath(), args, { cwd: folder });
        const before = await sha256(tarball);
        if (!printed.includes(`sha256 ${before}`)) throw new Error(`${before} here; there:\n${printed}`);
        // Whoever installs them finds the paths at the end.
        const [cli, library] = printed.trimEnd().split("\n").slice(-2);
        if (
          !cli?.startsWith(`${folder}/made/gntalloc-cli-`) || !library?.startsWith(`${folder}/made/gntalloc-gntalloc-`)
        ) {
          throw new Error(`the last two lines are no paths of packages:\n${cli}\n${library}`);
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
      return "the folder of the sources does not matter";
    },
    "publint": async () => {
      await tools.run("publint/src/cli.js", ["run", "--strict", tarball], project);
      return "no errors, no warnings";
    },
    "arethetypeswrong": async () => {
      // A .wasm file has no types.
      const args = [tarball, "--profile", "esm-only", "--exclude-entrypoints", "core.wasm", "--no-color"];
      await tools.run("@arethetypeswrong/cli/dist/index.js", args, project);
      return "no problems";
    },
    "types, nodenext": compile("nodenext", "nodenext"),
    "types, bundler": compile("bundler", "preserve"),
    "the contract of a backend": async () => {
      const meta = `${project}/bundles/contract.json`;
      const args = [
        "contract.ts",
        "--bundle",
        "--format=esm",
        "--platform=node",
        `--metafile=${meta}`,
        "--outfile=bundles/contract.js",
      ];
      await tools.run("esbuild/bin/esbuild", [...args, "--log-level=warning"], project);
      const { inputs } = JSON.parse(await Deno.readTextFile(meta));
      const modules = Object.keys(inputs).filter((path) => path !== "contract.ts");
      const others = modules.filter((path) => !path.includes("/@gntalloc/gntalloc/src/contract/"));
      if (others.length > 0) {
        throw new Error(`./backend must import the contract alone: it imports ${others.join(", ")}`);
      }
      await exec(tools.node[22], ["bundles/contract.js"], { cwd: project });
      return `GrantError comes with ${modules.length} modules, and without the core`;
    },
    "links": () => checkLinks(repository, tarball),
    "deno publish --dry-run": async () => {
      await exec(Deno.execPath(), ["publish", "--dry-run", "--allow-dirty"], { cwd: repository });
      return "no slow types";
    },
  };
}
