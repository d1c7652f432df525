/**
 * Folders with npm packages: the tools that tests and benches use, and projects that have the packed package
 * installed.
 */

import manifest from "../../package.json" with { type: "json" };
import { exec } from "../exec.ts";
import { exclusively } from "../exclusively.ts";
import { type NodeLine, NODES } from "./node_lines.ts";

const { devDependencies } = manifest;

const TOOLS = [
  "@arethetypeswrong/cli@0.18.5",
  "bun@1.4.5",
  "esbuild@0.28.2",
  "jest@30.5.2",
  "miniflare@4.20260730.0",
  "playwright-core@1.65.1",
  "publint@0.3.25",
  "typescript@7.0.2",
  "typescript-5.7@npm:typescript@5.7.3",
  "vite@8.3.8",
];

/** npm's name of this machine's processor. */
const ARCH: string = Deno.build.arch === "x86_64" ? "x64" : "arm64";

/** Keeps colours and warnings out of what programs print. */
const QUIET = { NO_COLOR: "1", NODE_NO_WARNINGS: "1" };

/** What the device backend calls the C library by. */
export const KOFFI = "koffi@3.3.4";

/** The types of Node, for programs in TypeScript. */
export const NODE_TYPES = "@types/node@26.6.7";

/** What the examples of metrics use, in the versions that this repository's tests use. */
export const METRICS_LIBRARIES: readonly string[] = ["@opentelemetry/api", "@opentelemetry/sdk-metrics", "prom-client"]
  .map((name) => `${name}@${devDependencies[name as keyof typeof devDependencies]}`);

/** The test runner of docs/testing.md, in the version that this repository uses. */
export const VITEST = `vitest@${devDependencies.vitest}`;

/** Makes a folder a project with these packages. Their install scripts do not run: all of them come built. */
async function install(folder: string, packages: readonly string[], processor = ARCH): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  // Without one, npm takes the nearest folder above that has one.
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ private: true, type: "module" }));
  // npm refuses what is for another processor only, unless it is forced to.
  const target = processor === ARCH ? [] : ["--force", `--cpu=${processor}`];
  await exec("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...target, ...packages], {
    cwd: folder,
    env: QUIET,
  });
}

/** Installs packages unless an earlier run did, or another process does. */
export async function installOnce(folder: string, packages: readonly string[], processor = ARCH): Promise<void> {
  await exclusively("npm", () => installUnlessThere(folder, packages, processor));
}

async function installUnlessThere(folder: string, packages: readonly string[], processor: string): Promise<void> {
  const stamp = `${folder}/installed.json`;
  const wanted = JSON.stringify(packages);
  if (await Deno.readTextFile(stamp).catch(() => "") === wanted) return;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await install(folder, packages, processor);
  await Deno.writeTextFile(stamp, wanted);
}

/** The installed tools and runtimes. */
export interface Tools {
  readonly node: Readonly<Record<NodeLine, string>>;
  readonly bun: string;
  /** The project with the tools. */
  readonly folder: string;
  /** Runs a program of a tool on the oldest Node. */
  run(program: string, args: string[], cwd: string): Promise<string>;
}

/**
 * Installs a release line of Node into a folder, unless it is there, and returns its path.
 *
 * @param processor npm's name of the processor that it runs on. Default is the one of this machine.
 */
export async function installNode(cache: string, line: NodeLine, processor = ARCH): Promise<string> {
  const name = `node-${Deno.build.os}-${processor}`;
  const folder = processor === ARCH ? `${cache}/node${line}` : `${cache}/node${line}-${processor}`;
  await installOnce(folder, [`${name}@${line}`], processor);
  return `${folder}/node_modules/${name}/bin/node`;
}

/** Installs the tools and runtimes into a folder, unless they are there. */
export async function installTools(cache: string): Promise<Tools> {
  const folder = `${cache}/tools`;
  await installOnce(folder, TOOLS);
  const node = {} as Record<NodeLine, string>;
  for (const line of NODES) node[line] = await installNode(cache, line);
  return {
    node,
    bun: `${folder}/node_modules/@oven/bun-${Deno.build.os}-${ARCH === "x64" ? "x64" : "aarch64"}/bin/bun`,
    folder,
    run: (program, args, cwd) => exec(node[22], [`${folder}/node_modules/${program}`, ...args], { cwd, env: QUIET }),
  };
}

/** What a project has beside the package. */
interface Contents {
  readonly packages?: readonly string[];
  /** A folder with files. */
  readonly programs?: string;
  /** npm's name of the processor that the project runs on. Default is the one of this machine. */
  readonly processor?: string | undefined;
}

/** Makes a new project that has the package from its tarball, other packages, and a copy of each file in a folder. */
export async function installPackage(
  folder: string,
  tarball: string,
  { packages = [], programs, processor }: Contents = {},
): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await install(folder, [tarball, ...packages], processor);
  if (programs === undefined) return;
  for await (const { name } of Deno.readDir(programs)) {
    await Deno.copyFile(`${programs}/${name}`, `${folder}/${name}`);
  }
}
