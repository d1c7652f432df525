/**
 * The sides of the bench on the real device, as dom0 runs them: a process each, that works when it is told to.
 *
 * @module
 */
import { linesOf, RUN } from "../../test/rig/guest/child.ts";
import type { SideName } from "./results.ts";

/** What a side is told to do: see `side.ts`. */
export type Task = "share" | "heap";

/** A program that is measured. */
export class Side implements AsyncDisposable {
  readonly name: SideName;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: AsyncIterator<string>;

  constructor(name: SideName, command: string, args: readonly string[], cwd?: string) {
    this.name = name;
    this.#process = new Deno.Command(command, {
      args: [...args],
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#answers = linesOf(this.#process.stdout);
  }

  /** The process's id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Has it share pages some times: what it answers. */
  async ask(task: Task, pages: number, times: number): Promise<number> {
    await this.#input.write(new TextEncoder().encode(`${task} ${pages} ${times}\n`));
    const { value, done } = await this.#answers.next();
    const answer = Number(value);
    if (done || !Number.isSafeInteger(answer)) throw new Error(`${this.name} ended, or said ${value}`);
    return answer;
  }

  /** Ends it; throws unless it ends well. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    const { success, code, signal } = await this.#process.status;
    if (!success) throw new Error(`${this.name} ended with ${signal ?? code}`);
  }
}

/** What the sides are run by. */
export interface Programs {
  /** The side in C. */
  readonly share: string;
  /** Node, and a project that has the packed package installed. */
  readonly node: string;
  readonly project: string;
  /** A library that has the calls of the C library, where it is not that. */
  readonly libc?: string;
}

/** Starts all of them. */
export function startSides({ share, node, project, libc }: Programs): Side[] {
  const args = libc === undefined ? [] : [libc];
  return [
    new Side("c", share, []),
    new Side("bare", Deno.execPath(), [...RUN, script("bare_side.ts"), ...args]),
    new Side("deno", Deno.execPath(), [...RUN, script("deno_side.ts"), ...args]),
    new Side("node", node, ["--disable-warning=ExperimentalWarning", "node_side.ts", ...args], project),
  ];
}

function script(name: string): string {
  return new URL(name, import.meta.url).pathname;
}
