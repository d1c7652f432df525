import { onRejection } from "../intercept/synchronous.ts";

/** Writes the lines of a trace, until one cannot be written. */
export class TraceWriter {
  readonly #write: (line: string) => unknown;
  #lines = 0;
  #failure: unknown;

  /**
   * @param write Takes each line. It may return a promise.
   */
  constructor(write: (line: string) => unknown) {
    this.#write = write;
  }

  /** The number of lines that `write` took. */
  get lines(): number {
    return this.#lines;
  }

  /** What `write` threw, or why its promise was rejected. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Writes a line.
   *
   * @param line Makes the line. It is called inside this method, because it reads what the backend answered, which may
   * throw.
   */
  line(line: () => string): void {
    if (this.#failure !== undefined) return;
    try {
      const write = this.#write;
      const answer = write(line());
      this.#lines++;
      onRejection(answer, (reason) => this.#fail(reason));
    } catch (error) {
      // Throwing would make the library undo what the backend has done.
      this.#fail(error);
    }
  }

  /** Ends the trace. The first failure is the one that counts. */
  #fail(reason: unknown): void {
    this.#failure ??= reason ?? new Error("`write` failed with undefined or null");
  }
}
