/** The examples of the API and of the guides, and the programs in `examples/`: all that run on the simulated Xen. */

import { readPackage } from "../../../scripts/build_npm.ts";
import { exec } from "../../../scripts/exec.ts";
import { snippetsIn } from "../../../scripts/markdown.ts";
import { NODES } from "../../../scripts/npm/node_lines.ts";
import type { Tools } from "../../../scripts/npm/projects.ts";
import type { Checks } from "../package_checks.ts";
import type { Outcome } from "../programs/tests.ts";

/** How many run at once. */
const AT_ONCE = 4;

/** The examples, compiled in a folder of a project that has the package installed. */
class Examples {
  readonly #folder: string;
  readonly #names: readonly string[];

  private constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.#names = names;
  }

  /**
   * Compiles each example to a module of its own, because Node 22 has no `using`.
   *
   * @param repository The folder with `examples/`.
   * @param project A project with the package.
   */
  static async compile(tools: Tools, repository: string, tarball: string, project: string): Promise<Examples> {
    const folder = `${project}/examples`;
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    const names = [...await writeDocumented(tarball, folder), ...await copyPrograms(`${repository}/examples`, folder)];
    const options = ["--bundle", "--packages=external", "--platform=node", "--format=esm", "--target=node22"];
    const outputs = ["--outbase=.", "--outdir=compiled", "--out-extension:.js=.mjs", "--log-level=warning"];
    await tools.run("esbuild/bin/esbuild", [...names.map((name) => `${name}.ts`), ...options, ...outputs], folder);
    return new Examples(`${folder}/compiled`, names);
  }

  /** Runs each in a process of its own. One that waits for what never comes fails, too: Node ends it with code 13. */
  async run(node: string): Promise<Outcome> {
    const failed: string[] = [];
    const waiting = [...this.#names];
    const runSome = async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        const signal = AbortSignal.timeout(30_000);
        await exec(node, [`${name}.mjs`], { cwd: this.#folder, signal }).catch(({ message }: Error) => {
          failed.push(`${name}: ${message}`);
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, runSome));
    return { passed: this.#names.length - failed.length, failed };
  }
}

/** Writes the examples in the declarations and documents of the package. Returns their names. */
async function writeDocumented(tarball: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const [path, bytes] of await readPackage(tarball)) {
    if (!/\.(d\.ts|md)$/.test(path)) continue;
    const text = new TextDecoder().decode(bytes);
    const documents = path.endsWith(".md") ? [text] : commentsIn(text);
    const codes = documents.flatMap(snippetsIn).filter(isOnMock).map(({ code }) => code);
    for (const [index, code] of codes.entries()) {
      const name = `${path.replace(/(\.d)?\.\w+$/, "")}_${index + 1}`;
      await write(`${folder}/${name}.ts`, code);
      names.push(name);
    }
  }
  return names;
}

/** Whether an example is a program that needs no device. */
function isOnMock({ info: [language, ...words], code }: { info: readonly string[]; code: string }): boolean {
  return language === "ts" && !words.includes("ignore") && !/"@gntalloc\/gntalloc\/(deno|node)"/.test(code);
}

/** The Markdown in the doc comments of a module. */
function commentsIn(source: string): string[] {
  return (source.match(/\/\*\*.*?\*\//gs) ?? []).map((comment) => comment.replace(/^\s*\* ?/gm, ""));
}

/** Copies the programs, which then import the package instead of the sources. Returns their names. */
async function copyPrograms(from: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (!isFile) {
      await copyPrograms(`${from}/${name}`, `${folder}/${name}`);
      continue;
    }
    const source = await Deno.readTextFile(`${from}/${name}`);
    const code = source.replace(/"(?:\.\.\/)+mod\.ts"/g, '"@gntalloc/gntalloc"')
      .replace(/"(?:\.\.\/)+src\/(metrics|pictures|pv|vchan|xenstore)\/mod\.ts"/g, '"@gntalloc/gntalloc/$1"')
      .replace(/"(?:\.\.\/)+backends\/(\w+)\.ts"/g, '"@gntalloc/gntalloc/$1"');
    await write(`${folder}/${name}`, code);
    names.push(name.replace(/\.ts$/, ""));
  }
  return names;
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.replace(/\/[^/]+$/, ""), { recursive: true });
  await Deno.writeTextFile(path, `${text}\n`);
}

/** Compiles the examples, and runs them on every Node. */
export function exampleChecks(tools: Tools, repository: string, tarball: string, project: string): Checks {
  let examples: Promise<Examples> | undefined;
  return Object.fromEntries(NODES.map((line) => [`Node ${line}`, async () => {
    examples ??= Examples.compile(tools, repository, tarball, project);
    return await (await examples).run(tools.node[line]);
  }]));
}
