import type { GrantFile } from "../backends/backend.ts";
import { type Core, type FileAddress, STAGED } from "../wasm/core.ts";
import { show } from "./checks.ts";
import { asGrantError, GrantError, type GrantOperation } from "./errors.ts";

/** A file, open in the core and in the backend. */
export interface OpenFile {
  readonly address: FileAddress;
  readonly file: GrantFile;
}

/**
 * Gives back what nobody here uses any more: has the backend end access to pending pages, and close the files of which
 * nothing is left.
 */
export class Reclaimer {
  readonly #core: Core;
  readonly #backend: string;
  readonly #files = new Map<FileAddress, OpenFile>();
  /** Closed files of which something is still live. */
  readonly #closing = new Set<OpenFile>();
  /** References on their way to the backend. */
  #grefs = new Uint32Array(STAGED);

  /** @param backend How error messages call the backend. */
  constructor(core: Core, backend: string) {
    this.#core = core;
    this.#backend = backend;
  }

  /** Takes a file in. */
  add(open: OpenFile): void {
    this.#files.set(open.address, open);
  }

  /** Closes a file: in the core at once, in the backend when nothing of it is left. */
  close(open: OpenFile): void {
    this.#core.books.close(open.address);
    this.#closing.add(open);
  }

  /**
   * Ends access to every pending page to which the peer lets it end, and closes the files of which nothing is left. What
   * fails stays pending, and is tried again by the next sweep.
   *
   * @param operation What is under way, for the error.
   * @param concerning The file whose failures matter to the caller; or any.
   * @returns The first of those.
   */
  sweep(operation: GrantOperation, concerning?: OpenFile | "any"): GrantError | undefined {
    const { books } = this.#core;
    let failure: GrantError | undefined;
    if (books.pending() > 0) {
      books.startSweep();
      for (let count = books.nextRun(); count > 0; count = books.nextRun()) {
        const open = this.#files.get(books.runFile())!;
        const page = books.runPage();
        try {
          this.#endAccess(open, page, count);
        } catch (error) {
          if (open === concerning || concerning === "any") failure ??= this.#notEnded(operation, page, count, error);
        }
      }
    }
    if (this.#closing.size === 0) return failure;
    const closing = this.#forgetClosed(concerning);
    return failure ?? closing;
  }

  /** Ends access to the core's present run, but for the pages that the peer holds. */
  #endAccess(open: OpenFile, page: number, count: number): void {
    const { books } = this.#core;
    const staged = this.#core.staged();
    // A backend may have moved the last one's buffer away.
    const grefs = this.#grefs.length > 0 ? this.#grefs : this.#grefs = new Uint32Array(STAGED);
    if (count === 1) grefs[0] = staged[0]!;
    else grefs.set(staged.subarray(0, count));
    const held = open.file.endAccess(page, count, grefs);
    if (!Array.isArray(held)) {
      throw new TypeError(`it must say which pages have not ended in an array: it said ${show(held)}`);
    }
    if (held.length === 0) return books.ended(0, count);
    // All of them are looked at before the first is believed.
    const offsets = Array.from(held);
    let least = 0;
    for (const offset of offsets) {
      if (!Number.isInteger(offset) || offset < least || offset >= count) {
        throw new TypeError(`it says that page ${offset} of ${count} has not ended`);
      }
      least = offset + 1;
    }
    let from = 0;
    for (const offset of [...offsets, count]) {
      if (offset > from) books.ended(from, offset - from);
      from = offset + 1;
    }
  }

  #notEnded(operation: GrantOperation, page: number, count: number, error: unknown): GrantError {
    const { code, errno, message } = asGrantError(error, operation, this.#backend);
    return new GrantError(
      `Cannot end access to ${count} pages from page ${page} on, which stay pending until a later operation can: ${message}`,
      { code, operation, cause: error, ...(errno === undefined ? {} : { errno }) },
    );
  }

  #forgetClosed(concerning: OpenFile | "any" | undefined): GrantError | undefined {
    let failure: GrantError | undefined;
    for (const open of this.#closing) {
      if (!this.#core.books.forget(open.address)) continue;
      this.#closing.delete(open);
      this.#files.delete(open.address);
      try {
        open.file.close();
      } catch (error) {
        if (open === concerning || concerning === "any") failure ??= asGrantError(error, "close", this.#backend);
      }
    }
    return failure;
  }
}
