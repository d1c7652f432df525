/**
 * The command line, run as a process.
 *
 * @module
 */
import { type ExecResult, run } from "../../scripts/exec.ts";
import { type Running, startProgram } from "../support/running.ts";

/** The program. */
export const MAIN: string = new URL("../../cli/main.ts", import.meta.url).pathname;

/** The arguments by which Deno runs the program, with as little as it needs on a simulated Xen. */
export const DENO: readonly string[] = ["run", "--no-check", "--allow-read", "--allow-env", MAIN];

/** How the program is run. */
export interface CliOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether it may write files. Default is false. */
  readonly allowWrite?: boolean;
}

/** Runs the program to its end. */
export function gntalloc(args: readonly string[], options: CliOptions = {}): Promise<ExecResult> {
  const { input, env = {}, cwd, allowWrite = false } = options;
  const [command, ...rest] = DENO;
  return run(Deno.execPath(), [command!, ...(allowWrite ? ["--allow-write"] : []), ...rest, ...args], {
    env,
    input,
    cwd,
  });
}

/** Turns lines of a script into arguments. */
export function lines(...statements: readonly string[]): string[] {
  return statements.flatMap((statement) => ["--line", statement]);
}

/** Starts the program. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return startProgram(Deno.execPath(), [...DENO, ...args], { env });
}
