import { show } from "../../src/checks.ts";
import { asGrantError } from "../../src/errors.ts";
import type { GrantBackend, GrantFile, MapBackend, MapFile, MappedMemory, UnmapNotify } from "../backend.ts";
import { HEADER, type TracedError, type TraceSide } from "./trace.ts";

/** How many pages were granted: up to the first without a reference. */
export function grantedPages(grefs: Uint32Array, count: number): number {
  let granted = 0;
  while (granted < count && granted < grefs.length && grefs[granted] !== 0) granted++;
  return granted;
}

/** A limit, as JSON can say it. */
export function tracedLimit(limit: number): number | string {
  return Number.isFinite(limit) ? limit : String(limit);
}

/** The size of memory, as a trace has it: 0 where the backend gives none, or none that can be told. */
export function tracedBytes(memory: MappedMemory | undefined): number {
  try {
    const length: unknown = memory?.bytes?.length;
    return Number.isSafeInteger(length) && (length as number) > 0 ? length as number : 0;
  } catch {
    return 0;
  }
}

/** What was thrown, as a trace has it. Whatever it is, this does not throw. */
export function tracedError(error: unknown, backend: string): TracedError {
  try {
    // The operation is left out: the line says what was called.
    const { code, errno } = asGrantError(error, "open", backend);
    const message: unknown = error instanceof Error ? error.message : error;
    return {
      code,
      ...(errno === undefined ? {} : { errno }),
      message: typeof message === "string" ? message : show(message),
    };
  } catch {
    return { code: "backend-failed", message: "what was thrown cannot be shown" };
  }
}

/** The first references of a buffer. By index, as the backend may have moved it away. */
function firstGrefs(grefs: Uint32Array, count: number): number[] {
  return Array.from({ length: Math.min(count, grefs.length) }, (_, index) => grefs[index]!);
}

/**
 * Writes a trace of what is asked of backends: of a granter's side, of a peer's side, or of both in the order of the calls.
 *
 * A line is written when the answer is known, whether the call succeeds or throws. The recorder changes nothing: answers and
 * errors pass through as they are, and where `write` throws the calls go on without being recorded.
 *
 * @example Record what a program does with the device of a domU
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { denoGrantBackend } from "@gntalloc/gntalloc/deno";
 * import { Recorder } from "@gntalloc/gntalloc/record";
 * import { openSync, writeSync } from "node:fs";
 *
 * function recordedDevice(path: string): GrantDevice {
 *   const file = openSync(path, "w");
 *   const recorder = new Recorder((line) => writeSync(file, line + "\n"));
 *   return new GrantDevice(recorder.grants(denoGrantBackend()));
 * }
 * ```
 */
export class Recorder {
  readonly #write: (line: string) => void;
  #lines = 0;
  #failure: unknown;
  #sides = new Set<TraceSide>();
  #files = 0;
  #mappings = 0;

  /**
   * Begins a trace: its first line is written at once.
   *
   * @param write Takes each line, without a line break at its end. It is called in the middle of an operation, so it must
   * not use the device or the mapper that is recorded.
   */
  constructor(write: (line: string) => void) {
    this.#write = write;
    this.#line(() => HEADER);
  }

  /** How many lines were written. */
  get lines(): number {
    return this.#lines;
  }

  /** What `write` threw, if it did: the trace ends there. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * A granter's backend, recorded. One recorder records one: references of two domains could not be told apart.
   *
   * @param backend What is recorded. It is not changed.
   * @throws {Error} if the recorder has one already.
   */
  grants(backend: GrantBackend): GrantBackend {
    this.#take("grants");
    return {
      name: backend.name,
      limitName: backend.limitName,
      limit: () => {
        const call = { side: "grants", call: "limit" };
        return this.#record(backend, call, () => backend.limit(), (limit) => ({ limit: tracedLimit(limit) }));
      },
      open: () => this.#open(backend, "grants", (file: GrantFile, number) => this.#grantFile(backend, file, number)),
    };
  }

  /**
   * A peer's backend, recorded. One recorder records one.
   *
   * @param backend What is recorded. It is not changed.
   * @throws {Error} if the recorder has one already.
   */
  maps(backend: MapBackend): MapBackend {
    this.#take("maps");
    return {
      name: backend.name,
      open: () => this.#open(backend, "maps", (file: MapFile, number) => this.#mapFile(backend, file, number)),
    };
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
    this.#line(() => text);
  }

  #take(side: TraceSide): void {
    if (this.#sides.has(side)) {
      throw new Error(`Cannot record as this trace has a backend that ${side} already: make another recorder`);
    }
    this.#sides.add(side);
  }

  /** Writes a line. It is made here, as what makes it reads what the backend gave, which may throw. */
  #line(line: () => string): void {
    if (this.#failure !== undefined) return;
    try {
      this.#write(line());
      this.#lines++;
    } catch (error) {
      // To throw would make the library undo what the backend has done.
      this.#failure = error ?? new Error("`write` threw nothing that could be told");
    }
  }

  #record<T>(backend: { name: string }, call: object, run: () => T, answer: (result: T) => object): T {
    let result: T;
    try {
      result = run();
    } catch (error) {
      this.#line(() => JSON.stringify({ ...call, error: tracedError(error, backend.name) }));
      throw error;
    }
    this.#line(() => JSON.stringify({ ...call, ...answer(result) }));
    return result;
  }

  #open<F>(backend: { name: string; open(): F }, side: TraceSide, wrap: (file: F, number: number) => F): F {
    const call = { side, call: "open", backend: backend.name };
    let number = 0;
    const opened = this.#record(backend, call, () => backend.open(), () => ({ file: number = ++this.#files }));
    return wrap(opened, number);
  }

  #grantFile(backend: GrantBackend, file: GrantFile, number: number): GrantFile {
    const side = "grants";
    return {
      grant: (page, count, domid, writable, grefs) => {
        const call = {
          side,
          call: "grant",
          file: number,
          page,
          count,
          domid,
          writable,
          // Read when the line is written: what was granted before a failure is there too.
          get grefs() {
            return firstGrefs(grefs, grantedPages(grefs, count));
          },
        };
        this.#record(backend, call, () => file.grant(page, count, domid, writable, grefs), () => ({}));
      },
      endAccess: (page, count, grefs) => {
        const call = { side, call: "endAccess", file: number, page, count, grefs: firstGrefs(grefs, count) };
        return this.#record(
          backend,
          call,
          () => file.endAccess(page, count, grefs),
          (held) => ({ held: held ?? null }),
        );
      },
      map: (page, count, gref, writable) => {
        const call = { side, call: "map", file: number, page, count, gref, writable };
        return this.#map(backend, side, call, () => file.map(page, count, gref, writable));
      },
      setUnmapNotify: (page, gref, notify: UnmapNotify) => {
        const { clearByte, eventPort } = notify;
        const call = {
          side,
          call: "notify",
          file: number,
          page,
          gref,
          ...(clearByte === undefined ? {} : { clearByte }),
          ...(eventPort === undefined ? {} : { eventPort }),
        };
        this.#record(backend, call, () => file.setUnmapNotify(page, gref, notify), () => ({}));
      },
      close: () => this.#close(backend, side, file, number),
      // Not a call that is asked for: what comes of it, is recorded.
      ...(typeof file.whenLetGo === "function" ? { whenLetGo: (tell) => file.whenLetGo!(tell) } : {}),
    };
  }

  #mapFile(backend: MapBackend, file: MapFile, number: number): MapFile {
    const side = "maps";
    return {
      map: (domid, grefs, writable) => {
        const call = { side, call: "map", file: number, domid, grefs: [...grefs], writable };
        return this.#map(backend, side, call, () => file.map(domid, grefs, writable));
      },
      close: () => this.#close(backend, side, file, number),
    };
  }

  #close(backend: { name: string }, side: TraceSide, file: { close(): void }, number: number): void {
    this.#record(backend, { side, call: "close", file: number }, () => file.close(), () => ({}));
  }

  #map(backend: { name: string }, side: TraceSide, call: object, run: () => MappedMemory): MappedMemory {
    let number = 0;
    const memory = this.#record(backend, call, run, (memory) => {
      number = ++this.#mappings;
      return { mapping: number, bytes: tracedBytes(memory) };
    });
    // A backend that gives nothing is the library's to refuse.
    if (!memory) return memory;
    return {
      get bytes() {
        return memory.bytes;
      },
      unmap: () => {
        this.#record(backend, { side, call: "unmap", mapping: number }, () => memory.unmap(), () => ({}));
      },
    };
  }
}
