/**
 * A copy of the repository in which one source at a time is changed and the tests run.
 *
 * @module
 */
import { run } from "../exec.ts";
import type { Mutant } from "./operators.ts";
import { nearestTests, ROOT } from "./sources.ts";

/** How a mutant fared. `caughtBy` is the test file that failed first, or says that the time limit was reached. */
export type Verdict = { readonly caughtBy: string } | "survived" | "does not compile";

/** How many seconds all tests may take. Few mutants that loop for ever get there. */
const FAR_LIMIT = 1800;

/** It looks for mutants in the sources as they are. */
const OWN_TEST = "test/tools/mutants_test.ts";

/** How long tests take without a mutant, in milliseconds, by the arguments of the run. */
type Baselines = Map<string, Promise<number>>;

export class Workspace {
  readonly #root: string;
  readonly #baselines: Baselines;
  readonly #signal: AbortSignal;

  private constructor(root: string, baselines: Baselines, signal: AbortSignal) {
    this.#root = root;
    this.#baselines = baselines;
    this.#signal = signal;
  }

  /** Copies these files of the repository to a new folder. The development tools are shared. */
  static async create(files: readonly string[], baselines: Baselines, signal: AbortSignal): Promise<Workspace> {
    const root = await Deno.makeTempDir({ prefix: "mutants-" });
    for (const file of files) {
      const target = `${root}/${file}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await Deno.copyFile(new URL(file, ROOT), target);
    }
    await Deno.symlink(new URL("node_modules", ROOT).pathname, `${root}/node_modules`);
    return new Workspace(root, baselines, signal);
  }

  /** Removes the copy. */
  async remove(): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }

  /** Applies a mutant, runs the tests until one fails, and takes the mutant back. */
  async try(mutant: Mutant): Promise<Verdict> {
    const near = nearestTests(mutant.file);
    const limit = await this.#limit(near);
    const path = `${this.#root}/${mutant.file}`;
    const original = await Deno.readTextFile(path);
    const isCore = mutant.file.startsWith("wasm/assembly/");
    let far;
    await Deno.writeTextFile(path, mutant.text);
    try {
      // A mutant that the compiler refuses says nothing about the tests.
      if (!(await this.#compiles(isCore))) return "does not compile";
      const caught = await this.#failure(near, limit);
      if (caught) return { caughtBy: caught.first };
      far = await this.#failure(
        [...near.map((folder) => `${folder}**`), OWN_TEST].map((path) => `--exclude=${path}`),
        FAR_LIMIT,
      );
    } finally {
      await Deno.writeTextFile(path, original);
      if (isCore) await this.#compiles(isCore);
    }
    if (!far) return "survived";
    // A test that also fails without the mutant has not caught it.
    if (far.first.startsWith("test/")) await this.#baseline([far.first]);
    return { caughtBy: far.first };
  }

  /** Checks the types, or compiles the core from its sources. */
  async #compiles(isCore: boolean): Promise<boolean> {
    const args = isCore ? ["run", "-A", "scripts/build_core.ts"] : ["check", "--quiet", "mod.ts", "backends/"];
    const { success } = await run("deno", args, { cwd: this.#root, signal: this.#signal });
    return success;
  }

  /** How many seconds the tests of some folders may take: several times as many as without a mutant. */
  async #limit(args: string[]): Promise<number> {
    const key = args.join(" ");
    if (!this.#baselines.has(key)) this.#baselines.set(key, this.#baseline(args));
    return Math.ceil(await this.#baselines.get(key)! / 1000) * 3 + 30;
  }

  /** Runs tests without a mutant, and returns how long they take. */
  async #baseline(args: string[]): Promise<number> {
    const start = performance.now();
    const failed = await this.#failure(args, 3600);
    if (failed) {
      throw new Error(`Cannot try mutants: the tests fail without one, first ${failed.first}\n${failed.output}`);
    }
    return performance.now() - start;
  }

  /** Runs tests, and returns what failed first, if something did. */
  async #failure(args: string[], limit: number): Promise<{ first: string; output: string } | undefined> {
    // `timeout` also kills the workers of vitest: a mutant may never leave a loop.
    const { success, signal, stdout, stderr } = await run(
      "timeout",
      ["--signal=KILL", String(limit), "deno", "run", "-A", "npm:vitest", "run", "--bail=1", "--maxWorkers=1", ...args],
      { cwd: this.#root, env: { NO_COLOR: "1" }, signal: this.#signal },
    );
    this.#signal.throwIfAborted();
    if (success) return undefined;
    const output = stdout + stderr;
    if (signal === "SIGKILL") return { first: "the time limit", output };
    return { first: /FAIL +(test\/\S+)/.exec(output)?.[1] ?? "vitest", output };
  }
}
