/**
 * The sides that are compared, as the harness sees them: programs that measure a case when they are told to.
 *
 * @module
 */
import type { Native } from "./baseline/build.ts";
import type { Case } from "./cases.ts";
import type { MemoryFigures, PeakFigures } from "./memory.ts";
import type { Request } from "./side.ts";

/** One of the programs that are compared. */
export interface Side extends AsyncDisposable {
  /** What results call it: `core/deno`, `leaf/c`. */
  readonly name: string;
  /** Nanoseconds a page. */
  measure(one: Case, milliseconds: number): Promise<number>;
  /** The digest of its answers to a trace. */
  digest(seed: number, steps: number): Promise<string>;
  /** Gives up what was prepared for the cases so far. */
  forget(): Promise<void>;
}

/** A variant in C: a process for each thing that is asked. */
export class NativeSide implements Side {
  readonly name: string;
  readonly #program: string;

  /** @param program Its path. */
  constructor(variant: Native, program: string) {
    this.name = `${variant}/c`;
    this.#program = program;
  }

  async #run(...args: (string | number)[]): Promise<Record<string, unknown>> {
    const { success, stdout, stderr } = await new Deno.Command(this.#program, { args: args.map(String) }).output();
    if (!success) throw new Error(`${this.name} failed: ${new TextDecoder().decode(stderr)}`);
    return JSON.parse(new TextDecoder().decode(stdout));
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

/** A runtime of JavaScript: what it is called, and how it runs a script. */
export interface Runtime {
  readonly name: "deno" | "node";
  readonly version: string;
  readonly command: readonly string[];
}

/** The runtime of this process, and its version. */
export function thisDeno(): Runtime {
  return { name: "deno", version: Deno.version.deno, command: [Deno.execPath(), "run", "--no-check"] };
}

/** Node 22, by npx, which fetches it where it is not there: undefined, with a word of why, if that does not work. */
export async function findNode(): Promise<Runtime | undefined> {
  try {
    // Its own path, so that the sides run it without npx.
    const script = "console.log(process.execPath); console.log(process.versions.node)";
    const npx = new Deno.Command("npx", { args: ["-y", "node@22", "-e", script], stderr: "null" });
    const { success, stdout } = await npx.output();
    const [path, version] = new TextDecoder().decode(stdout).trim().split("\n");
    if (!success || !path || !version) throw new Error("npx -y node@22 failed");
    return { name: "node", version, command: [path, "--disable-warning=ExperimentalWarning"] };
  } catch (error) {
    console.error(`Without Node: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** A process that serves requests: see `side.ts`. */
class Server implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(variant: string, { command: [program, ...args] }: Runtime) {
    const script = new URL("side.ts", import.meta.url).pathname;
    this.#process = new Deno.Command(program!, { args: [...args, script, variant], stdin: "piped", stdout: "piped" })
      .spawn();
    this.#requests = this.#process.stdin.getWriter();
    this.#answers = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async ask(request: Request): Promise<Record<string, unknown>> {
    await this.#requests.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#answers.read();
      if (done) throw new Error(`A side ended without an answer to ${JSON.stringify(request)}`);
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return JSON.parse(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close();
    await this.#answers.cancel();
    await this.#process.status;
  }
}

/**
 * A variant in JavaScript: a process for each case, that lives until the case is forgotten. Not one for all, as calls into a
 * second instance of the core, from the same place in the program, make those into the first slower.
 */
export class ScriptSide implements Side {
  readonly name: string;
  readonly #variant: string;
  readonly #runtime: Runtime;
  readonly #servers = new Map<string, Server>();

  constructor(variant: "core" | "leaf" | "founding" | "mock" | "buffers", runtime: Runtime) {
    this.name = `${variant}/${runtime.name}`;
    this.#variant = variant;
    this.#runtime = runtime;
  }

  async measure(one: Case, milliseconds: number): Promise<number> {
    const key = JSON.stringify(one);
    let server = this.#servers.get(key);
    if (!server) this.#servers.set(key, server = new Server(this.#variant, this.#runtime));
    return (await server.ask({ task: "measure", case: one, milliseconds })).nanoseconds as number;
  }

  async #once(request: Request): Promise<Record<string, unknown>> {
    await using server = new Server(this.#variant, this.#runtime);
    return await server.ask(request);
  }

  async digest(seed: number, steps: number): Promise<string> {
    return (await this.#once({ task: "digest", seed, steps })).digest as string;
  }

  /** What a peak of so many pages leaves in memory. */
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
    for (const server of this.#servers.values()) await server[Symbol.asyncDispose]();
    this.#servers.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.forget();
  }
}
