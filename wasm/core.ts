/**
 * The TypeScript side of the core: what `wasm/assembly/release.ts` exports, and the staging area for references.
 *
 * @module
 */
import { CORE } from "./core_embedded.ts";

/** The operation succeeded. */
export const OK = 0;
/** The pages would exceed the limit. */
export const LIMIT_REACHED = -1;
/** Not all of the pages are listed in the file. */
export const NOT_FOUND = -2;
/** There is no memory for the books. */
export const NO_MEMORY = -3;

/** The number of references in the staging area. */
export const STAGING_CAPACITY = 4096;

/** A file of the core, named by the address of its record. */
export type FileAddress = number;

/** The exports of the module; `wasm/assembly/` documents them. */
interface CoreExports {
  readonly memory: WebAssembly.Memory;
  staging(): number;
  limit(): number;
  setLimit(pages: number): void;
  live(): number;
  listed(): number;
  mapped(): number;
  pending(): number;
  open(): FileAddress;
  fileNext(file: FileAddress): number;
  fileLive(file: FileAddress): number;
  fileListed(file: FileAddress): number;
  fileMappings(file: FileAddress): number;
  reserve(file: FileAddress, count: number): number;
  list(file: FileAddress, count: number): void;
  listOne(file: FileAddress, gref: number): void;
  adoptAsPending(file: FileAddress, count: number): void;
  abandon(file: FileAddress): void;
  rewind(file: FileAddress, page: number): void;
  find(file: FileAddress, page: number, count: number): number;
  allocationRun(file: FileAddress, page: number, count: number): number;
  gref(file: FileAddress, page: number): number;
  free(file: FileAddress, page: number, count: number): number;
  map(file: FileAddress, page: number, count: number): number;
  unmap(file: FileAddress, page: number, count: number): number;
  close(file: FileAddress): void;
  forget(file: FileAddress): number;
  released(file: FileAddress, page: number): number;
  sweep(): number;
  nextRun(held: boolean): number;
  runFile(): FileAddress;
  runPage(): number;
  ended(offset: number, count: number): void;
  endedAll(): number;
  /** Exists only in the debug build. */
  verify?(): void;
}

/** The books of one device. */
export interface Core {
  /** The module's functions. */
  readonly books: CoreExports;
  /**
   * Returns the staging area, through which up to `STAGING_CAPACITY` references pass at a time. Do not keep it:
   * any call of the module may grow its memory, which detaches the array.
   */
  stagingArea(): Uint32Array;
}

/** The embedded module, compiled once; or why it was refused, for example by a strict Content-Security-Policy. */
let embedded: WebAssembly.Module | undefined;
let refused: unknown;
try {
  embedded = new WebAssembly.Module(Uint8Array.from(atob(CORE), (character) => character.charCodeAt(0)));
} catch (error) {
  refused = error;
}

/**
 * Creates empty books with a limit of 0.
 *
 * @param module The compiled core; the embedded one by default. Pass it where compiling is forbidden.
 * @throws {Error} if there is no module; its cause is why the embedded one was refused.
 */
export function createCore(module: WebAssembly.Module | undefined = embedded): Core {
  if (!module) {
    throw new Error(
      "Cannot compile the WebAssembly core here: the platform refuses it. Pass a compiled core.wasm as the option `core`.",
      {
        cause: refused,
      },
    );
  }
  const instance = new WebAssembly.Instance(module, {
    // Only the debug build calls this.
    env: {
      abort(_message: number, _file: number, line: number, column: number): never {
        throw new Error(`The core's books are broken: an assert failed at ${line}:${column}`);
      },
    },
  });
  const books = instance.exports as unknown as CoreExports;
  const address = books.staging();
  let view = new Uint32Array(books.memory.buffer, address, STAGING_CAPACITY);
  return {
    books,
    stagingArea() {
      // The memory grew, which detached the view.
      if (view.length === 0) view = new Uint32Array(books.memory.buffer, address, STAGING_CAPACITY);
      return view;
    },
  };
}
