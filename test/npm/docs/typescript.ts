/** The section "TypeScript" of docs/node.md. */

import { exec } from "../../../scripts/exec.ts";
import type { Checks } from "../package_checks.ts";
import { NODES } from "../../../scripts/npm/node_lines.ts";
import type { Tools } from "../../../scripts/npm/projects.ts";
import { assertPrinted, type Snippets } from "./snippets.ts";

/** The oldest compiler that works, and the newest. */
const OLDEST = "typescript-5.7/bin/tsc";
const NEWEST = "typescript/bin/tsc";

const LIBS = ["esnext,dom", "esnext,webworker", "es2022,esnext.disposable,dom", "es2022,esnext.disposable,webworker"];

const STRICT = { noEmit: true, strict: true, exactOptionalPropertyTypes: true, target: "esnext", module: "nodenext" };

/** Compiles one file with options of its own. */
async function compile(tools: Tools, tsc: string, folder: string, compilerOptions: object, file: string) {
  const config = "one.tsconfig.json";
  await Deno.writeTextFile(`${folder}/${config}`, JSON.stringify({ compilerOptions, files: [file] }));
  await tools.run(tsc, ["--project", config], folder);
}

/** Compiles the snippets, and a program that uses the types of every part of the package. */
export function typescriptChecks(tools: Tools, snippets: Snippets): Checks {
  const { folder } = snippets;
  const checks: Checks = {};
  for (const [version, tsc] of [["5.7", OLDEST], ["7.0", NEWEST]] as const) {
    checks[`TypeScript ${version}, tsconfig.json`] = async () => {
      snippets.code("tsconfig.json");
      snippets.code("share.ts");
      const out = `compiled/${version}`;
      await tools.run(tsc, ["--outDir", out], folder);
      for (const line of NODES) {
        assertPrinted(await exec(tools.node[line], [`${out}/share.js`], { cwd: folder }), "hello");
      }
      return "share.ts compiles, and runs on every Node";
    };
    checks[`TypeScript ${version}, every lib`] = async () => {
      for (const lib of LIBS) {
        const options = { ...STRICT, lib: lib.split(",") };
        await compile(tools, tsc, folder, { ...options, types: [] }, "consumer.ts");
        await compile(tools, tsc, folder, { ...options, types: ["node"], skipLibCheck: true }, "share.ts");
      }
      return LIBS.join(" or ");
    };
  }
  checks["TypeScript 7.0, what tsc --init writes"] = async () => {
    const init = `${folder}/init`;
    await Deno.mkdir(init);
    await tools.run(NEWEST, ["--init"], init);
    await Deno.copyFile(`${folder}/consumer.ts`, `${init}/consumer.ts`);
    await tools.run(NEWEST, ["--noEmit"], init);
    return "compiles";
  };
  return checks;
}
