/**
 * The sides that share pages on a device: each is a process that works on request.
 *
 * @module
 */
import { RUN } from "../../test/rig/guest/child.ts";
import { Program } from "../../scripts/program.ts";
import type { SideName } from "./results.ts";

/** The request to a side: see `side.ts`. */
type Task = "share" | "heap";

/** A program that shares pages. */
export class Side extends Program {
  declare readonly name: SideName;

  constructor(name: SideName, command: string, args: readonly string[], cwd?: string) {
    super(name, command, args, cwd);
  }

  /** Has it share pages `times` times, and returns its answer. */
  async request(task: Task, pages: number, times: number): Promise<number> {
    const line = await this.ask(`${task} ${pages} ${times}`);
    const answer = Number(line);
    if (!Number.isSafeInteger(answer)) throw new Error(`Cannot measure ${this.name}: it printed ${line}`);
    return answer;
  }
}

/** Where the programs are. */
interface Programs {
  /** The side in C. */
  readonly share: string;
  /** Node, and a project with the packed package. */
  readonly node: string;
  readonly project: string;
  /** The library that replaces calls of the C library. Default is the C library itself. */
  readonly libc?: string;
}

/** Starts all sides. */
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
