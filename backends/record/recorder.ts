import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { show } from "../../src/contract/checks.ts";
import type { XenDomain } from "../../src/contract/backend.ts";
import { intercept } from "../intercept/intercept.ts";
import { CallRecorder } from "./call_recorder.ts";
import { HEADER } from "./trace.ts";
import { TraceWriter } from "./trace_writer.ts";

/**
 * Writes a trace of the calls that the backends of one or more domains receive, in the order of the calls.
 *
 * A line is written when the answer or the error is known. The recorder changes nothing: answers and errors pass
 * through as they are. If `write` throws, or returns a promise that is rejected, recording ends and the calls continue:
 * check {@linkcode Recorder.failure} at the end.
 *
 * @example Record what a program does with the devices of a domU
 * ```ts
 * import type { XenDomain } from "@gntalloc/gntalloc/backend";
 * import { denoDomain } from "@gntalloc/gntalloc/deno";
 * import { Recorder } from "@gntalloc/gntalloc/record";
 * import { openSync, writeSync } from "node:fs";
 *
 * function recordedDomain(path: string): XenDomain {
 *   const file = openSync(path, "w");
 *   const recorder = new Recorder((line) => writeSync(file, line + "\n"));
 *   return recorder.wrap(denoDomain());
 * }
 * ```
 */
export class Recorder {
  readonly #writer: TraceWriter;
  readonly #calls: CallRecorder;
  #domains = 0;

  /**
   * Begins a trace, and writes its first line at once.
   *
   * @param write Takes each line, without a line break at its end. It is called in the middle of an operation, so it
   * must not use what is being recorded. It may return a promise, but the next line does not wait for it: keep the
   * order of the lines.
   * @throws {TypeError} if `write` is not a function.
   */
  constructor(write: (line: string) => unknown) {
    if (typeof write !== "function") {
      throw new ArgumentTypeError(
        `Cannot record as \`write\` must be a function that takes each line: current value is ${show(write)}`,
      );
    }
    this.#writer = new TraceWriter(write);
    this.#writer.line(() => HEADER);
    this.#calls = new CallRecorder(this.#writer);
  }

  /** The number of lines that `write` took. */
  get lines(): number {
    return this.#writer.lines;
  }

  /** What `write` threw, or why its promise was rejected, if that happened: recording ended then. */
  get failure(): unknown {
    return this.#writer.failure;
  }

  /**
   * Wraps a domain, or those parts of one that are present, so that its calls are recorded.
   *
   * A program usually has one domain. If it has several, as on a simulated Xen, wrap each of them once: a replay takes
   * them in the same order. Only one of them may grant pages, because a trace could not tell the references of two
   * apart: on a second one, `grants.open()` throws a `GrantError` with the code `unsupported`.
   *
   * What goes to XenStore and comes from it is in the trace, values included. `isAlive` is passed through, and is not
   * in the trace.
   *
   * @param domain The domain to record, which is not changed.
   * @returns The same parts, recorded.
   * @throws {TypeError} if the domain has no backend.
   */
  wrap<Part extends keyof XenDomain>(domain: Pick<XenDomain, Part>): Pick<XenDomain, Part> {
    const wrapped = intercept("record", domain, this.#calls.of(this.#domains));
    this.#domains++;
    return wrapped;
  }

  /**
   * Notes something in the trace: what the program does next, or what it did to the system, such as changing its limit.
   * A replay calls its handler of that name.
   *
   * @param name What the mark is about.
   * @param value Anything that JSON can represent.
   * @throws {TypeError} if the name is not a string, or JSON cannot represent the value. Then nothing is noted, and the
   * trace continues.
   */
  mark(name: string, value?: unknown): void {
    const what = "write a mark";
    if (typeof name !== "string") {
      throw new ArgumentTypeError(`Cannot ${what} as \`name\` must be a string: current value is ${show(name)}`);
    }
    let line: string | undefined;
    let cause: unknown;
    try {
      const bare = JSON.stringify({ call: "mark", name });
      const whole = JSON.stringify({ call: "mark", name, value });
      if (value === undefined || whole !== bare) line = whole;
    } catch (error) {
      cause = error;
    }
    if (line === undefined) {
      throw new ArgumentTypeError(
        `Cannot ${what} as \`value\` must be representable as JSON: current value is ${show(value)}`,
        {
          cause,
        },
      );
    }
    const text = line;
    this.#writer.line(() => text);
  }
}
