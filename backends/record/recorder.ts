import { show } from "../../src/contract/checks.ts";
import type { EventBackend, GrantBackend, MapBackend } from "../../src/contract/backend.ts";
import { recordedEvents } from "./events.ts";
import { recordedGrants } from "./grants.ts";
import { recordedMaps } from "./maps.ts";
import { Tape } from "./trace_writer.ts";
import { HEADER, type TraceSide } from "./trace.ts";

/**
 * Writes a trace of what is asked of backends: of a granter's side, of a peer's side, of event channels, or of all of them in the
 * order of the calls.
 *
 * A line is written when the answer is known, whether the call succeeds or throws. The recorder changes nothing: answers and
 * errors pass through as they are, and where `write` throws the calls go on without being recorded.
 *
 * @example Record what a program does with the device of a domU
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { denoDomain } from "@gntalloc/gntalloc/deno";
 * import { Recorder } from "@gntalloc/gntalloc/record";
 * import { openSync, writeSync } from "node:fs";
 *
 * function recordedDevice(path: string): GrantDevice {
 *   const file = openSync(path, "w");
 *   const recorder = new Recorder((line) => writeSync(file, line + "\n"));
 *   return new GrantDevice({ grants: recorder.grants(denoDomain().grants) });
 * }
 * ```
 */
export class Recorder {
  readonly #tape: Tape;
  readonly #sides = new Set<TraceSide>();
  #ends = 0;

  /**
   * Begins a trace: its first line is written at once.
   *
   * @param write Takes each line, without a line break at its end. It is called in the middle of an operation, so it must
   * not use the device or the mapper that is recorded.
   */
  constructor(write: (line: string) => void) {
    this.#tape = new Tape(write);
    this.#tape.line(() => HEADER);
  }

  /** How many lines were written. */
  get lines(): number {
    return this.#tape.lines;
  }

  /** What `write` threw, if it did: the trace ends there. */
  get failure(): unknown {
    return this.#tape.failure;
  }

  /**
   * A granter's backend, recorded. One recorder records one: references of two domains could not be told apart.
   *
   * @param backend What is recorded. It is not changed.
   * @throws {Error} if the recorder has one already.
   */
  grants(backend: GrantBackend): GrantBackend {
    this.#take("grants");
    return recordedGrants(this.#tape, backend);
  }

  /**
   * A peer's backend, recorded. One recorder records one.
   *
   * @param backend What is recorded. It is not changed.
   * @throws {Error} if the recorder has one already.
   */
  maps(backend: MapBackend): MapBackend {
    this.#take("maps");
    return recordedMaps(this.#tape, backend);
  }

  /**
   * A backend of event channels, recorded. A program has one; where one program plays several domains, as on a simulated
   * machine, one recorder records one for each of them, the granter's first; a replay takes them in the same order.
   *
   * @param backend What is recorded. It is not changed.
   */
  events(backend: EventBackend): EventBackend {
    return recordedEvents(this.#tape, backend, this.#ends++);
  }

  /**
   * Notes something in the trace: what the program does next, or what it did to the system, such as to change its limit. A
   * replay calls its handler of that name.
   *
   * @param name What it is about.
   * @param value Anything that JSON can say.
   * @throws {TypeError} if the name is no text, or JSON cannot say the value. Nothing is noted then, and the trace goes on.
   */
  mark(name: string, value?: unknown): void {
    const what = "note a mark";
    if (typeof name !== "string") {
      throw new TypeError(`Cannot ${what} as its name must be a text: current value is ${show(name)}`);
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
      throw new TypeError(`Cannot ${what} as JSON must be able to say its value: current value is ${show(value)}`, {
        cause,
      });
    }
    const text = line;
    this.#tape.line(() => text);
  }

  #take(side: TraceSide): void {
    if (this.#sides.has(side)) {
      throw new Error(`Cannot record as this trace has a backend that ${side} already: make another recorder`);
    }
    this.#sides.add(side);
  }
}
