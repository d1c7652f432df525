/**
 * The process that a command runs in: its streams, its terminal and its signals. The same on Deno and Node.
 *
 * @module
 */
import process from "node:process";
import { Interrupted, SIGNALS } from "./exit.ts";

/** The process, as commands see it. */
export interface Host {
  /** Writes data to the standard output, and waits until it is taken. */
  out(data: string | Uint8Array): Promise<void>;
  /** Writes a line for people to the standard error. */
  note(line: string): Promise<void>;
  /** Replaces the line at the foot of the terminal that says what is going on. Without a terminal, writes nothing. */
  progress(text: string): Promise<void>;
  /** The standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Whether the standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether somebody sits at the standard input and the standard error. */
  readonly isInteractive: boolean;
  /** Whether to write colours to the standard output. */
  readonly colours: boolean;
  /** The width of the terminal, or 80. */
  readonly width: number;
  /** The height of the terminal, or 24. */
  readonly height: number;
  /** Aborted by the first SIGINT or SIGTERM, with an {@linkcode Interrupted}. */
  readonly signal: AbortSignal;
  /** Waits for a key. Ctrl-C is a SIGINT, as usual. */
  key(signal: AbortSignal): Promise<string>;
}

/** Whether colours may be written: see https://no-color.org. */
function mayColour(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY === true && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}

function write(stream: NodeJS.WriteStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => {
      // Who reads has what it wanted: `gntalloc … | head`.
      if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") reject(error);
      else resolve();
    });
  });
}

/** Returns the process. Call it once: it takes over the signals. */
export function processHost(): Host {
  const controller = new AbortController();
  const interrupt = (signal: keyof typeof SIGNALS) => {
    const reason = new Interrupted(signal);
    // Whoever asks twice does not want to wait for the release.
    if (controller.signal.aborted) process.exit(reason.code);
    controller.abort(reason);
  };
  for (const name of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.on(name, () => interrupt(name));
  // Without a listener, the first write to a closed pipe would end the program before it has released anything.
  process.stdout.on("error", () => {});

  const isInteractive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  return {
    out: (data) => write(process.stdout, data),
    note: (line) => write(process.stderr, `${line}\n`),
    progress: (text) => isInteractive ? write(process.stderr, `\r\u001b[K${text}`) : Promise.resolve(),
    input: process.stdin,
    isTerminal: process.stdout.isTTY === true,
    isInteractive,
    colours: mayColour(),
    get width() {
      return process.stdout.columns ?? 80;
    },
    get height() {
      return process.stdout.rows ?? 24;
    },
    signal: controller.signal,
    key: (signal) => readKey(signal, () => interrupt("SIGINT")),
  };
}

function readKey(signal: AbortSignal, interrupt: () => void): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve, reject) => {
    const end = () => {
      stdin.off("data", read);
      signal.removeEventListener("abort", abort);
      stdin.setRawMode(false);
      stdin.pause();
    };
    const read = (bytes: Uint8Array) => {
      end();
      const key = new TextDecoder().decode(bytes);
      // In raw mode, the terminal does not make a signal of it.
      if (key === "\u0003") interrupt();
      resolve(key);
    };
    const abort = () => {
      end();
      reject(signal.reason);
    };
    if (signal.aborted) return reject(signal.reason);
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on("data", read);
    signal.addEventListener("abort", abort);
  });
}
