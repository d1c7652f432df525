/** Checks of the packed command line: installed beside the packed library, and run as a program. */

import config from "../../cli/deno.json" with { type: "json" };
import { buildCli } from "../../scripts/build_npm.ts";
import { exec, run } from "../../scripts/exec.ts";
import { NODES } from "../../scripts/npm/node_lines.ts";
import { KOFFI, type Tools } from "../../scripts/npm/projects.ts";
import { lines } from "../cli/cli.ts";
import { type Checks, sameBytes } from "./package_checks.ts";

const { version } = config;

/** A run of the program, and what it must print. */
interface Case {
  readonly args: readonly string[];
  readonly input?: string;
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: RegExp;
}

const CASES: readonly Case[] = [
  { args: ["--version"], stdout: `${version}\n` },
  {
    args: ["share", "--to", "0", "--pages", "2", "--mock", "--for", "10ms"],
    stdout: "8-9\n",
    stderr: /released 2 pages/,
  },
  {
    args: ["map", "1", "ring", "--length", "5", "--raw", ...lines("1: share ring --to 0 --fill hello")],
    stdout: "hello",
  },
  {
    args: [
      "vchan",
      "connect",
      "1",
      "chat",
      ...lines("1: vchan-listen s 0 chat", "start", "1: vchan-receive s", "1: vchan-send s yes", "1: vchan-close s"),
    ],
    input: "well?",
    stdout: "yes",
    stderr: /1: receives "well\?" on s/,
  },
  {
    args: ["run", "--mock", ...lines("1: share a --to 0", "0: map b 1 a", "1: kill", "0: unmap b")],
    stderr: /at the end: 0 granted/,
  },
  { args: ["doctor", "--mock"] },
  { args: ["inspect", "--svg", ...lines("1: share a --to 0")], stderr: /1: shares 1 page/ },
  { args: ["nope"], code: 2, stderr: /^gntalloc: usage: unknown command/m },
  { args: ["map", "1", "77", "--mock"], code: 1, stderr: /^gntalloc: grant:map-refused: /m },
];

async function check(command: string, first: readonly string[], cwd: string): Promise<string> {
  for (const { args, input, code = 0, stdout = undefined, stderr = /^/ } of CASES) {
    const result = await run(command, [...first, ...args], {
      cwd,
      env: { NO_COLOR: "1" },
      ...(input === undefined ? {} : { input }),
    });
    const isWrong = result.code !== code || (stdout !== undefined && result.stdout !== stdout) ||
      !stderr.test(result.stderr);
    if (isWrong) {
      throw new Error(`gntalloc ${args.join(" ")} ended with ${result.code}:\n${result.stdout}${result.stderr}`);
    }
  }
  return `${CASES.length} commands`;
}

/** What `doctor` says of koffi where Node finds it, and where it does not. */
const FOUND = /^pass {2}ffi /m;
const MISSING = /^fail {2}ffi .*\n {6}→ (npm install .* koffi)$/m;

const QUIETLY = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];

/** Installs all as docs/cli.md says, with a prefix of its own: each package has a folder for what it needs. */
async function checkGlobal(tools: Tools, library: string, tarball: string): Promise<string> {
  // Outside of this repository: Node would find koffi in a project above.
  const prefix = await Deno.makeTempDir();
  const program = [`${prefix}/bin/gntalloc`, "doctor"];
  const doctor = async () => (await run(tools.node[22], program, { env: { NO_COLOR: "1" } })).stdout;
  try {
    await exec("npm", ["install", "--global", "--prefix", prefix, ...QUIETLY, tarball, library, KOFFI]);
    const first = await doctor();
    if (!FOUND.test(first)) throw new Error(`koffi was not found:\n${first}`);
    await Deno.remove(`${prefix}/lib/node_modules/koffi`, { recursive: true });
    const second = await doctor();
    const [, mend] = MISSING.exec(second) ?? [];
    if (mend === undefined) throw new Error(`doctor must name a command that installs koffi:\n${second}`);
    await exec("sh", ["-e", "-c", `${mend} ${QUIETLY.join(" ")}`]);
    const last = await doctor();
    if (!FOUND.test(last)) throw new Error(`koffi was not found after ${mend}:\n${last}`);
  } finally {
    await Deno.remove(prefix, { recursive: true });
  }
  return "koffi is found, and doctor names the command that installs it";
}

/**
 * Returns the checks.
 *
 * @param project It has both packages installed, and koffi with them.
 * @param library The tarball of the library.
 * @param tarball The tarball of the command line.
 */
export function cliChecks(tools: Tools, project: string, library: string, tarball: string): Checks {
  const main = `${project}/node_modules/@gntalloc/cli/main.js`;
  const checks: Checks = {
    "the same bytes again": () => sameBytes(buildCli, project, tarball),
    "publint": async () => {
      await tools.run("publint/src/cli.js", ["run", "--strict", tarball], project);
      return "no errors, no warnings";
    },
    "npx": async () => {
      const path = `${tools.node[22].replace(/\/[^/]+$/, "")}:${Deno.env.get("PATH")}`;
      const said = await exec("npx", ["--offline", "gntalloc", "--version"], { cwd: project, env: { PATH: path } });
      if (said !== `${version}\n`) throw new Error(said);
      return said.trim();
    },
    "npm install --global": () => checkGlobal(tools, library, tarball),
    "Deno": () => check(Deno.execPath(), ["run", "--no-prompt", "--allow-read", "--allow-env", main], project),
  };
  for (const line of NODES) checks[`Node ${line}`] = () => check(tools.node[line], [main], project);
  return checks;
}
