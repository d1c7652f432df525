/**
 * The process that a command runs in: its streams, its terminal and its signals. The same on Deno and Node.
 *
 * @module
 */
import process from "node:process";
import { Interrupted, SIGNALS } from "./exit.ts";
import { Output } from "./output.ts";

/** The process, as commands see it. */
export interface Host {
  /** Writes data to the standard output, and waits until it is taken. Rejects with `ReaderGone` if nobody reads it. */
  out(data: string | Uint8Array): Promise<void>;
  /** Writes a line for people to the standard error. Never rejects: a release must not end halfway for it. */
  note(line: string): Promise<void>;
  /** Replaces the line at the foot of the terminal that says what is going on. Without a terminal, or on a dumb one, writes nothing. */
  progress(text: string): Promise<void>;
  /** The standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Whether the standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether the standard output is a terminal on which text can be replaced: not a dumb one. */
  readonly isScreen: boolean;
  /** Whether somebody sits at the standard input and the standard error. */
  readonly isInteractive: boolean;
  /** Whether to write colours to the standard output. */
  readonly colours: boolean;
  /** The width of the terminal, or 80. */
  readonly width: number;
  /** The height of the terminal, or 24. */
  readonly height: number;
  /** Aborted by the first of the signals, with an {@linkcode Interrupted}. */
  readonly signal: AbortSignal;
  /** Waits for a key. Ctrl-C and Ctrl-\\ are signals, as usual; Ctrl-Z does nothing. */
  key(signal: AbortSignal): Promise<string>;
}

/** Whether the terminal understands more than plain text. */
function isSmart(): boolean {
  return process.env.TERM !== "dumb";
}

/** Whether colours may be written: see https://no-color.org. */
function mayColour(): boolean {
  const { NO_COLOR } = process.env;
  return process.stdout.isTTY === true && (NO_COLOR === undefined || NO_COLOR === "") && isSmart();
}

/** Returns the process. Call it once: it takes over the signals. */
export function processHost(): Host {
  const controller = new AbortController();
  const interrupt = (signal: keyof typeof SIGNALS) => {
    const reason = new Interrupted(signal);
    if (!controller.signal.aborted) controller.abort(reason);
    // Whoever asks twice does not want to wait for the release. A closed terminal says so twice, but does not ask.
    else if (signal !== "SIGHUP") process.exit(reason.code);
  };
  for (const name of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.on(name, () => interrupt(name));

  const [stdout, stderr] = [new Output(process.stdout), new Output(process.stderr)];
  const tell = (text: string) => stderr.write(text).catch(() => {});
  const isInteractive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  return {
    out: (data) => stdout.write(data),
    note: (line) => tell(`${line}\n`),
    progress: (text) => isInteractive && isSmart() ? tell(`\r\u001b[K${text}`) : Promise.resolve(),
    input: process.stdin,
    isTerminal: process.stdout.isTTY === true,
    isScreen: process.stdout.isTTY === true && isSmart(),
    isInteractive,
    colours: mayColour(),
    // A serial line has no size, and says 0.
    get width() {
      return process.stdout.columns || 80;
    },
    get height() {
      return process.stdout.rows || 24;
    },
    signal: controller.signal,
    key: (signal) => readKey(signal, interrupt),
  };
}

/** In raw mode, the terminal does not make signals of these keys. */
const SIGNAL_KEYS: ReadonlyMap<string, keyof typeof SIGNALS> = new Map([["\u0003", "SIGINT"], ["\u001c", "SIGQUIT"]]);
/** Nobody means Ctrl-Z as the key that ends a command. */
const SUSPEND = "\u001a";

/** The events of an input that has ended. */
const GONE = ["end", "error", "close"] as const;

function readKey(signal: AbortSignal, interrupt: (signal: keyof typeof SIGNALS) => void): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve, reject) => {
    const end = () => {
      stdin.off("data", read);
      for (const event of GONE) stdin.off(event, hangUp);
      signal.removeEventListener("abort", abort);
      setRawMode(false);
      stdin.pause();
    };
    const read = (bytes: Uint8Array) => {
      // Several keys may come at once.
      const key = new TextDecoder().decode(bytes).replaceAll(SUSPEND, "");
      if (key === "") return;
      end();
      const name = SIGNAL_KEYS.get(key);
      if (name !== undefined) interrupt(name);
      resolve(key);
    };
    const abort = () => {
      end();
      reject(signal.reason);
    };
    // The shell may keep the signal of a closed terminal to itself. In raw mode, Ctrl-D is a key, and ends nothing.
    const hangUp = () => interrupt("SIGHUP");
    if (signal.aborted) return reject(signal.reason);
    setRawMode(true);
    stdin.resume();
    stdin.on("data", read);
    for (const event of GONE) stdin.on(event, hangUp);
    signal.addEventListener("abort", abort);
  });
}

function setRawMode(isRaw: boolean): void {
  try {
    process.stdin.setRawMode(isRaw);
  } catch {
    // The terminal was closed. What is held is to be released all the same.
  }
}
