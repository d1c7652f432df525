/**
 * The sides that the bench of the books compares: programs that measure a case on request.
 *
 * @module
 */
import { exec } from "../../scripts/exec.ts";
import { installNode } from "../../scripts/npm/projects.ts";
import { Program } from "../../scripts/program.ts";
import { versionOf } from "../harness/provenance.ts";
import type { Case } from "./cases.ts";
import type { MemoryFigures, PeakFigures } from "./memory.ts";
import type { Request, ScriptVariant } from "./side.ts";
import type { NativeVariant } from "./variants/build.ts";

/** A side of the comparison. */
export interface Side extends AsyncDisposable {
  /** What results call it: its variant and its runtime, such as `core/deno` or `leaf/c`. */
  readonly name: string;
  readonly variant: NativeVariant | ScriptVariant;
  readonly runtime: "c" | "deno" | "node";
  /** Nanoseconds per page. */
  measure(one: Case, milliseconds: number): Promise<number>;
  /** The digest of its answers to a trace. */
  digest(seed: number, steps: number): Promise<string>;
  /** Drops what was prepared for the cases so far. */
  forget(): Promise<void>;
}

/** A variant in C: each request is a process. */
export class NativeSide implements Side {
  readonly name: string;
  readonly variant: NativeVariant;
  readonly runtime = "c";
  readonly #program: string;

  /** @param program The path of the program. */
  constructor(variant: NativeVariant, program: string) {
    this.name = `${variant}/c`;
    this.variant = variant;
    this.#program = program;
  }

  async #run(...args: (string | number)[]): Promise<Record<string, unknown>> {
    return JSON.parse(await exec(this.#program, args.map(String)));
  }

  async measure({ workload, pages, live, pending }: Case, milliseconds: number): Promise<number> {
    const { nanoseconds } = await this.#run("measure", workload, pages, live, pending, milliseconds);
    return nanoseconds as number;
  }

  async digest(seed: number, steps: number): Promise<string> {
    return (await this.#run("digest", seed, steps)).digest as string;
  }

  async forget(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A JavaScript runtime, and the command by which it runs a script. */
export interface Runtime {
  readonly name: "deno" | "node";
  readonly version: string;
  readonly command: readonly [string, ...string[]];
}

/** The Deno that runs this. */
export function thisDeno(): Runtime {
  return { name: "deno", version: Deno.version.deno, command: [Deno.execPath(), "run", "--no-check"] };
}

/** Node 22, which npm installs into a cache. Returns undefined, and prints why, if that fails. */
export async function findNode(cache: string): Promise<Runtime | undefined> {
  try {
    const path = await installNode(cache, "22");
    return { name: "node", version: await versionOf(path), command: [path, "--disable-warning=ExperimentalWarning"] };
  } catch (error) {
    console.error(`Without Node: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/**
 * A variant in JavaScript: each case is a process, which lives until the case is forgotten. One process for all cases
 * would have several instances of the core, and calls from one place into a second instance make those into the first
 * slower.
 */
export class ScriptSide implements Side {
  readonly name: string;
  readonly variant: ScriptVariant;
  readonly runtime: Runtime["name"];
  readonly #command: Runtime["command"];
  readonly #programs = new Map<string, Program>();

  constructor(variant: ScriptVariant, { name, command }: Runtime) {
    this.name = `${variant}/${name}`;
    this.variant = variant;
    this.runtime = name;
    this.#command = command;
  }

  #start(): Program {
    const [command, ...args] = this.#command;
    const script = new URL("side.ts", import.meta.url).pathname;
    return new Program(this.name, command, [...args, script, this.variant]);
  }

  async measure(one: Case, milliseconds: number): Promise<number> {
    const key = JSON.stringify(one);
    const program = this.#programs.getOrInsertComputed(key, () => this.#start());
    const { nanoseconds } = await ask(program, { task: "measure", case: one, milliseconds });
    return nanoseconds as number;
  }

  async #once(request: Request): Promise<Record<string, unknown>> {
    await using program = this.#start();
    return await ask(program, request);
  }

  async digest(seed: number, steps: number): Promise<string> {
    return (await this.#once({ task: "digest", seed, steps })).digest as string;
  }

  /** The process's memory at a peak of pages, and after they were freed. */
  async peak(pages: number): Promise<PeakFigures> {
    return await this.#once({ task: "peak", pages }) as unknown as PeakFigures;
  }

  /** Nanoseconds of the smallest call into the core. */
  async border(milliseconds: number): Promise<number> {
    return (await this.#once({ task: "border", milliseconds })).nanoseconds as number;
  }

  /** Bytes of the core for each grant. */
  async memory(live: number): Promise<MemoryFigures> {
    return await this.#once({ task: "memory", live }) as unknown as MemoryFigures;
  }

  async forget(): Promise<void> {
    for (const program of this.#programs.values()) await program[Symbol.asyncDispose]();
    this.#programs.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.forget();
  }
}

async function ask(program: Program, request: Request): Promise<Record<string, unknown>> {
  return JSON.parse(await program.ask(JSON.stringify(request)));
}
