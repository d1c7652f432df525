/**
 * The command line, run as a process.
 *
 * @module
 */
import { type ExecResult, run } from "../../scripts/exec.ts";

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

/** A program that is running. */
export interface Running {
  /** What it has written to the standard output and the standard error so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Waits until it has written a text to either. */
  until(text: string): Promise<void>;
  kill(signal: Deno.Signal): void;
  /** Waits for its end. */
  readonly code: Promise<number>;
}

/** Starts the program. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...DENO, ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = { stdout: "", stderr: "" };
  let wake = () => {};
  const read = async (name: "stdout" | "stderr") => {
    for await (const text of child[name].pipeThrough(new TextDecoderStream())) {
      said[name] += text;
      wake();
    }
  };
  const reading = Promise.all([read("stdout"), read("stderr")]);
  let hasEnded = false;
  const code = Promise.all([child.status, reading]).then(([status]) => {
    hasEnded = true;
    wake();
    return status.code;
  });
  return {
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
    async until(text) {
      while (!said.stdout.includes(text) && !said.stderr.includes(text)) {
        if (hasEnded) throw new Error(`it ended without saying ${text}: ${said.stdout}${said.stderr}`);
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    kill: (signal) => child.kill(signal),
    code,
  };
}
