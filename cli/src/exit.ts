/**
 * How the program ends.
 *
 * @module
 */

/** The exit codes. */
export const EXIT = {
  /** All went well. */
  ok: 0,
  /** What was asked for failed, or `doctor` or `trace` found something wrong. */
  failed: 1,
  /** The command line or a script is wrong. */
  usage: 2,
  /** A signal ended the program: its number is added. */
  signal: 128,
} as const;

/** The signals on which the program releases everything and ends. */
export const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/** Aborts what waits, after a signal. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(readonly signal: keyof typeof SIGNALS) {
    super(`interrupted by ${signal}`);
  }

  /** The exit code that tells a shell about the signal. */
  get code(): number {
    return EXIT.signal + SIGNALS[this.signal];
  }
}

/** Nobody reads the output any more: `gntalloc … | head`. Whoever read it has what it wanted. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";

  constructor() {
    super("nobody reads the output");
  }
}

/** The command line or a script is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something that was asked for failed, and the program has said so already. */
export class Failed extends Error {
  override readonly name = "Failed";
}
