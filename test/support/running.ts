/**
 * Programs that tests look at while they run.
 *
 * @module
 */

/** How a program starts. */
export interface StartOptions {
  /** Variables that are added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The user that it runs as. Default is that of this process. */
  readonly uid?: number;
  /** Whether its standard input is open. Default is false. */
  readonly hasInput?: boolean;
}

/** How a program ended. */
export interface Ended {
  /** Its exit code: 128 and the number of the signal that killed it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is running. */
export interface Running {
  /** What it has written to the standard output and the standard error so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Waits until it has written a text to either. One wait at a time. */
  until(text: string): Promise<void>;
  /** Writes to its standard input. */
  write(text: string): Promise<void>;
  /** Closes its standard input. */
  closeInput(): Promise<void>;
  kill(signal: Deno.Signal): void;
  /** Waits for its end. */
  readonly ended: Promise<Ended>;
}

/** Starts a program. */
export function startProgram(command: string, args: readonly string[], options: StartOptions = {}): Running {
  const { env = {}, uid, hasInput = false } = options;
  const child = new Deno.Command(command, {
    args: [...args],
    env,
    ...(uid === undefined ? {} : { uid }),
    stdin: hasInput ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = hasInput ? child.stdin.getWriter() : undefined;
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
  const ended = Promise.all([child.status, reading]).then(([{ code }]) => {
    hasEnded = true;
    wake();
    return { code, ...said };
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
    async write(text) {
      await input!.write(new TextEncoder().encode(text));
    },
    closeInput: () => input!.close(),
    kill: (signal) => child.kill(signal),
    ended,
  };
}
