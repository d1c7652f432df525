/**
 * Programs that answer lines of text, for tests and benches.
 *
 * @module
 */

/** A process that reads requests from its standard input, and answers each by a line on its standard output. */
export class Program implements AsyncDisposable {
  /** What errors call it. */
  readonly name: string;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: AsyncIterator<string>;

  /**
   * Starts it.
   *
   * @param cwd The working directory. Default is that of this process.
   */
  constructor(name: string, command: string, args: readonly string[], cwd?: string) {
    this.name = name;
    this.#process = new Deno.Command(command, {
      args: [...args],
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
  }

  /** The process's id. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Returns the next line that it prints.
   *
   * @throws {Error} if it ends first.
   */
  async read(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`Cannot read what ${this.name} prints: it ended`);
    return value;
  }

  /**
   * Sends it a line, and returns the line that it answers.
   *
   * @throws {Error} if it ends first.
   */
  async ask(request: string): Promise<string> {
    await this.#input.write(new TextEncoder().encode(`${request}\n`));
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`Cannot ask ${this.name} for ${request}: it ended before it answered`);
    return value;
  }

  /** Kills it with SIGKILL, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#input.abort().catch(() => {});
  }

  /** Closes its input and waits for its end; throws if it fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    const { success, code, signal } = await this.#process.status;
    if (!success) throw new Error(`Cannot run ${this.name}: it ended with ${signal ?? code}`);
  }
}

/** Yields the lines of a stream. */
export async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
