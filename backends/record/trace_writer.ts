/** Writes the lines of a trace, until one cannot be written. */
export class TraceWriter {
  readonly #write: (line: string) => void;
  #lines = 0;
  #failure: unknown;

  /**
   * @param write Takes each line.
   */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** The number of lines that were written. */
  get lines(): number {
    return this.#lines;
  }

  /** What `write` threw, if it did. */
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
      write(line());
      this.#lines++;
    } catch (error) {
      // Throwing would make the library undo what the backend has done.
      this.#failure = error ?? new Error("`write` threw undefined or null");
    }
  }
}
