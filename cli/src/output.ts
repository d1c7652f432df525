import { ReaderGone } from "./exit.ts";

/** An output of the process: a file, a pipe or a terminal. */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  #lost: Error | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    // Without a listener, a closed pipe would end the program before it has released anything.
    stream.on("error", (error) => this.#lost ??= error);
  }

  /**
   * Writes data, and waits until it is taken.
   *
   * @throws {ReaderGone} if nobody reads it any more.
   */
  async write(data: string | Uint8Array): Promise<void> {
    // A stream that has failed may never answer again.
    if (this.#lost === undefined) await this.#write(data).catch((error) => this.#lost = error);
    if (this.#lost === undefined) return;
    if ((this.#lost as NodeJS.ErrnoException).code === "EPIPE") throw new ReaderGone();
    throw new Error(`Cannot write the output: ${this.#lost.message}`, { cause: this.#lost });
  }

  #write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(data, (error) => error ? reject(error) : resolve());
    });
  }
}
