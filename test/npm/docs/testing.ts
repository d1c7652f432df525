/** docs/testing.md: a frontend and its tests, under node:test, vitest and Deno. */

import { exec, run } from "../../../scripts/exec.ts";
import { snippetsIn } from "../../../scripts/markdown.ts";
import { NODES } from "../../../scripts/npm/node_lines.ts";
import { installPackage, NODE_TYPES, type Tools, VITEST } from "../../../scripts/npm/projects.ts";
import type { Checks } from "../package_checks.ts";

/** The line that the page tells to take out, and what the tests say then. */
const TAKEN_OUT = "this.#share?.release();";

/** Makes the project of the page, and runs its commands. */
export function testingChecks(tools: Tools, repository: string, project: string, tarball: string): Checks {
  let made: Promise<readonly string[]> | undefined;

  /** Writes the files of the page into a project with the package. Returns the commands of the page. */
  const make = async () => {
    await installPackage(project, tarball, { packages: [VITEST, NODE_TYPES] });
    const snippets = snippetsIn(await Deno.readTextFile(`${repository}/docs/testing.md`));
    for (const { info, code } of snippets) {
      const name = info.at(-1);
      if (name?.endsWith(".ts")) await Deno.writeTextFile(`${project}/${name}`, `${code}\n`);
    }
    const commands = snippets.filter(({ info }) => info[0] === "sh").flatMap(({ code }) => code.split("\n"));
    const installed = commands.filter((command) => command.startsWith("npm install ")).map((command) =>
      command.split(" ").at(-1)!
    );
    const expected = [tarball.replace(/^.*\//, ""), "@types/node", "vitest"];
    if (installed.map((path) => path.replace(/^.*\.cache\/npm\//, "")).join() !== expected.join()) {
      throw new Error(`docs/testing.md must install ${expected.join(", ")}: it installs ${installed.join(", ")}`);
    }
    return commands;
  };
  /** Runs the commands of the page that begin in a way, with a Node. */
  const runAll = async (node: string, ...starts: string[]) => {
    const commands = (await (made ??= make())).filter((command) => starts.some((start) => command.startsWith(start)));
    if (commands.length !== starts.length) {
      throw new Error(`docs/testing.md must have a command for each of ${starts.join(", ")}`);
    }
    const PATH = `${node.replace(/\/[^/]+$/, "")}:${Deno.env.get("PATH")}`;
    return await run("sh", ["-e", "-c", commands.join("\n")], { cwd: project, env: { PATH, NO_COLOR: "1" } });
  };
  const passes = async (node: string, ...starts: string[]) => {
    const { success, stdout, stderr } = await runAll(node, ...starts);
    if (!success) throw new Error(`${stdout}${stderr}`);
    const [passed = ""] = /(?:# pass|ℹ pass|Tests {2}|ok \|) ?\s*3\b/.exec(stdout + stderr) ?? [];
    if (passed === "") throw new Error(`3 tests must pass: ${stdout}${stderr}`);
    return starts.join(", ");
  };

  const checks: Checks = {};
  for (const line of NODES) checks[`node --test, Node ${line}`] = () => passes(tools.node[line], "node --test");
  checks["vitest"] = () => passes(tools.node[22], "sed ", "npx vitest run");
  checks["deno test"] = () => passes(tools.node[22], "deno test");
  checks["without the line that the page names"] = async () => {
    await (made ??= make());
    const path = `${project}/frontend.ts`;
    const source = await Deno.readTextFile(path);
    if (source.split(TAKEN_OUT).length !== 2) throw new Error(`frontend.ts must have the line ${TAKEN_OUT} once`);
    await Deno.writeTextFile(path, source.replace(TAKEN_OUT, ""));
    try {
      const { success, stdout, stderr } = await runAll(tools.node[22], "node --test");
      const says = "The simulated Xen is not clean: domain 1 grants domain 0 a page by reference 8";
      if (success || !(stdout + stderr).includes(says)) {
        throw new Error(`the tests must fail with "${says}": ${stdout}${stderr}`);
      }
      return "the tests fail as the page says";
    } finally {
      await Deno.writeTextFile(path, source);
    }
  };
  checks["types"] = async () => {
    await (made ??= make());
    const options = { noEmit: true, strict: true, noUncheckedIndexedAccess: true, allowImportingTsExtensions: true };
    const config = {
      compilerOptions: { ...options, target: "esnext", module: "nodenext", types: [] },
      files: ["frontend.ts"],
    };
    await Deno.writeTextFile(`${project}/tsconfig.json`, JSON.stringify(config));
    await exec(tools.node[22], [`${tools.folder}/node_modules/typescript/bin/tsc`, "--project", "tsconfig.json"], {
      cwd: project,
    });
    await Deno.remove(`${project}/tsconfig.json`);
    return "frontend.ts compiles strictly";
  };
  return checks;
}
