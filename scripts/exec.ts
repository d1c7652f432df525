/**
 * Runs commands of the host, for scripts, tests and benches.
 *
 * @module
 */

/** How a command runs. */
export interface ExecOptions {
  /** The working directory. Default is that of this process. */
  cwd?: string | URL | undefined;
  /** Variables that are added to the environment. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Text for standard input, which is empty by default. */
  input?: string | undefined;
  /**
   * Where the output goes: `"capture"` returns it, and `"inherit"` prints it on this process's own output. Default is
   * `"capture"`.
   */
  output?: "capture" | "inherit" | undefined;
  /** Kills the command when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** How a command ended. */
export interface ExecResult {
  /** Whether the exit code is 0. */
  readonly success: boolean;
  /** The exit code. */
  readonly code: number;
  /** The signal that killed the command, if one did. */
  readonly signal: Deno.Signal | null;
  /** The captured standard output: `""` if it was inherited. */
  readonly stdout: string;
  /** The captured standard error: `""` if it was inherited. */
  readonly stderr: string;
}

/** An error shows this many lines of the output, counted from the end. */
const TAIL_LINES = 20;

/**
 * Runs a command to its end and returns its standard output.
 *
 * @throws {Error} if the command cannot be started, or fails. The message has the command line and the end of the output.
 */
export async function exec(command: string, args: readonly string[] = [], options: ExecOptions = {}): Promise<string> {
  const result = await run(command, args, options);
  if (!result.success) throw failure(command, args, result);
  return result.stdout;
}

/**
 * Runs a command to its end and returns how it ended, whatever its exit code is.
 *
 * @throws {Error} if the command cannot be started.
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  { cwd, env, input, output = "capture", signal }: ExecOptions = {},
): Promise<ExecResult> {
  const stream = output === "inherit" ? "inherit" : "piped";
  const process = spawn(command, {
    args: [...args],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(signal === undefined ? {} : { signal }),
    stdin: input === undefined ? "null" : "piped",
    stdout: stream,
    stderr: stream,
  });
  // Both at once: a command may print before it has read all of its input.
  const [status, stdout, stderr] = await Promise.all([
    process.status,
    stream === "piped" ? new Response(process.stdout).text() : "",
    stream === "piped" ? new Response(process.stderr).text() : "",
    input === undefined ? undefined : send(process.stdin, input),
  ]);
  return { success: status.success, code: status.code, signal: status.signal, stdout, stderr };
}

function spawn(command: string, options: Deno.CommandOptions): Deno.ChildProcess {
  try {
    return new Deno.Command(command, options).spawn();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot run ${commandLine(command, options.args)}: ${reason}`, { cause });
  }
}

async function send(stdin: WritableStream<Uint8Array<ArrayBuffer>>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    // A command may end before it has read its input. Its exit code says whether it failed.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function failure(command: string, args: readonly string[], { code, signal, stdout, stderr }: ExecResult): Error {
  const ended = signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
  const tail = (stderr.trim() || stdout.trim()).split("\n").slice(-TAIL_LINES).join("\n");
  return new Error(`Cannot run ${commandLine(command, args)}: it ${ended}${tail === "" ? "" : `\n${tail}`}`);
}

/** The command as one would type it. Arguments that a shell would not take as they are have quotes. */
function commandLine(command: string, args: readonly string[] = []): string {
  return [command, ...args].map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)).join(" ");
}
