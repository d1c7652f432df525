/** Whether the package is one that npm, JSR, bundlers and type checkers take. */

import { buildNpm, sha256 } from "../../scripts/build_npm.ts";
import { exec } from "./exec.ts";
import type { Tools } from "../../scripts/npm/projects.ts";

/** A check by its name: it throws, or says what it found. */
export type Checks = Record<string, () => Promise<string>>;

/** The checks of the package itself. `project` is one that has it installed. */
export function packageChecks(tools: Tools, repository: string, tarball: string, project: string): Checks {
  const compile = (resolution: string, module: string) => async () => {
    await tools.run("typescript/bin/tsc", [
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--noUncheckedIndexedAccess",
      // The package brings all types it needs: none of Node's, and none of Deno's.
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
    "the same bytes again": async () => {
      const folder = `${project}/again`;
      const again = await sha256(await buildNpm(folder));
      await Deno.remove(folder, { recursive: true });
      const before = await sha256(tarball);
      if (again !== before) throw new Error(`${before} at first, then ${again}`);
      return `${(await Deno.stat(tarball)).size} bytes, sha256 ${before}`;
    },
    "the same bytes from another folder": async () => {
      const folder = await Deno.makeTempDir();
      try {
        const { publish: { include } } = JSON.parse(await Deno.readTextFile(`${repository}/deno.json`));
        const sources = [...include, "deno.json", "deno.lock", "scripts/"].map((path) =>
          `./${path}`.replace(/\/$/, "")
        );
        await exec("cp", ["-r", "--parents", ...sources, folder], repository);
        const said = await exec(
          Deno.execPath(),
          ["run", "-A", `${folder}/scripts/build_npm.ts`, `${folder}/made`],
          folder,
        );
        const before = await sha256(tarball);
        if (!said.includes(`sha256 ${before}`)) throw new Error(`${before} here; there:\n${said}`);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
      return "wherever the sources lie";
    },
    "publint": async () => {
      await tools.run("publint/src/cli.js", ["run", "--strict", tarball], project);
      return "no errors, no warnings";
    },
    "arethetypeswrong": async () => {
      // A .wasm has no types.
      const args = [tarball, "--profile", "esm-only", "--exclude-entrypoints", "core.wasm", "--no-color"];
      await tools.run("@arethetypeswrong/cli/dist/index.js", args, project);
      return "no problems";
    },
    "types, nodenext": compile("nodenext", "nodenext"),
    "types, bundler": compile("bundler", "preserve"),
    "deno publish --dry-run": async () => {
      await exec(Deno.execPath(), ["publish", "--dry-run", "--allow-dirty"], repository);
      return "no slow types";
    },
  };
}
