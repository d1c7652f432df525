/** Runs jest in a project that has the package. */

import { exec } from "../../scripts/exec.ts";
import type { NodeLine } from "../../scripts/npm/node_lines.ts";
import type { Tools } from "../../scripts/npm/projects.ts";
import type { Outcome } from "./programs/tests.ts";

/** The package is of ECMAScript modules, which jest loads as they are only with this flag. */
const FLAGS = ["--experimental-vm-modules", "--no-warnings"];

/** Runs one test file under jest, in its default environment. */
export async function runJest(tools: Tools, line: NodeLine, project: string, file: string): Promise<Outcome> {
  const jest = `${tools.folder}/node_modules/jest/bin/jest.js`;
  const config = JSON.stringify({ rootDir: project, testMatch: [`<rootDir>/${file}`], transform: {} });
  const args = [...FLAGS, jest, "--config", config, "--json", "--ci", "--runInBand", "--no-watchman"];
  const { numPassedTests } = JSON.parse(await exec(tools.node[line], args, { cwd: project, env: { NO_COLOR: "1" } }));
  return { passed: numPassedTests, failed: [] };
}
