import type { MappedMemory } from "../../src/contract/backend.ts";
import { tracedBytes, tracedError } from "./trace_values.ts";
import type { TraceSide } from "./trace.ts";

/** What a trace is written to: lines, and the numbers that they give to files and mappings. */
export class Tape {
  readonly #write: (line: string) => void;
  #lines = 0;
  #failure: unknown;
  #files = 0;
  #mappings = 0;

  /**
   * @param write Takes each line.
   */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** How many lines were written. */
  get lines(): number {
    return this.#lines;
  }

  /** What `write` threw, if it did. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Writes a line. It is made here, as what makes it reads what the backend gave, which may throw. */
  line(line: () => string): void {
    if (this.#failure !== undefined) return;
    try {
      const write = this.#write;
      write(line());
      this.#lines++;
    } catch (error) {
      // To throw would make the library undo what the backend has done.
      this.#failure = error ?? new Error("`write` threw nothing that could be told");
    }
  }

  /** Makes a call, and writes what it answers or throws. */
  record<T>(backend: { name: string }, call: object, run: () => T, answer: (result: T) => object = () => ({})): T {
    let result: T;
    try {
      result = run();
    } catch (error) {
      this.line(() => JSON.stringify({ ...call, error: tracedError(error, backend.name) }));
      throw error;
    }
    this.line(() => JSON.stringify({ ...call, ...answer(result) }));
    return result;
  }

  /** Opens a file, which gets a number; `wrap` makes it record what is asked of it. */
  open<F>(
    backend: { name: string; open(): F },
    side: TraceSide,
    wrap: (file: F, number: number) => F,
    more: object = {},
  ): F {
    let number = 0;
    const call = { side, call: "open", backend: backend.name, ...more };
    const opened = this.record(backend, call, () => backend.open(), () => ({ file: number = ++this.#files }));
    return wrap(opened, number);
  }

  /** Maps memory, which gets a number, and whose end is recorded. */
  map<M extends MappedMemory>(
    backend: { name: string },
    side: TraceSide,
    call: object,
    run: () => M,
  ): { memory: M; number: number; unmap: () => void } {
    let number = 0;
    const memory = this.record(backend, { side, call: "map", ...call }, run, (memory) => {
      number = ++this.#mappings;
      return { mapping: number, bytes: tracedBytes(memory) };
    });
    const unmap = () => this.record(backend, { side, call: "unmap", mapping: number }, () => memory.unmap());
    return { memory, number, unmap };
  }

  /** Closes a file. */
  close(backend: { name: string }, side: TraceSide, file: { close(): void }, number: number): void {
    this.record(backend, { side, call: "close", file: number }, () => file.close());
  }
}
