import type { GrantFile } from "../contract/backend.ts";
import { type Core, type FileAddress, STAGING_CAPACITY } from "../../wasm/core.ts";
import { show } from "../contract/checks.ts";
import { asGrantError, GrantError, type GrantOperation } from "../contract/errors.ts";
import { pagesFrom } from "../contract/messages.ts";

/** A file, open in the core and in the backend. */
export interface OpenFile {
  readonly address: FileAddress;
  readonly file: GrantFile;
  /** Whether the backend tells when the peer lets go of a page, so that it need not be asked. */
  readonly tells: boolean;
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
  #grefs = new Uint32Array(STAGING_CAPACITY);
  /** Whether there may be pages for which the backend is to be asked at the next sweep. */
  #toAsk = false;
  /** Whether a backend has told of a page since access to the present run was to be ended. */
  #told = false;

  /** @param backend How error messages call the backend. */
  constructor(core: Core, backend: string) {
    this.#core = core;
    this.#backend = backend;
  }

  /** Takes a file in; if its backend can tell when the peer lets go of a page, it is asked to. */
  add(address: FileAddress, file: GrantFile): OpenFile {
    const tells = typeof file.onRelease === "function";
    const open = { address, file, tells };
    // Before it is known, so that nothing is told of a file that is not there.
    if (tells) file.onRelease!((page) => this.#letGo(open, page));
    this.#files.set(address, open);
    return open;
  }

  /** The backend says, at any time, that a page may be asked for again: so it is, if it waits for that. */
  #letGo(open: OpenFile, page: number): void {
    if (this.#files.get(open.address) !== open || !Number.isSafeInteger(page) || page < 0) return;
    // While the page's run is under way, it is not known yet that the page waits.
    this.#told = true;
    if (this.#core.books.letGo(open.address, page)) this.#toAsk = true;
  }

  /** Closes a file: in the core at once, in the backend when nothing of it is left. */
  close(open: OpenFile): void {
    this.#core.books.close(open.address);
    this.#toAsk = true;
    this.#closing.add(open);
  }

  /**
   * Ends access to every pending page to which the peer lets it end, and closes the files of which nothing is left. What
   * fails stays pending, and is tried again by the next sweep; what the peer holds, too, unless the backend tells when it
   * has let go.
   *
   * @param operation What is under way, for the error.
   * @param concerning The file whose failures matter to the caller; or any.
   * @returns The first of those.
   */
  sweep(operation: GrantOperation, concerning?: OpenFile | "any"): GrantError | undefined {
    let failure: GrantError | undefined;
    if (this.#toAsk) failure = this.#ask(operation, concerning);
    if (this.#closing.size === 0) return failure;
    const closing = this.#forgetClosed(concerning);
    return failure ?? closing;
  }

  #ask(operation: GrantOperation, concerning: OpenFile | "any" | undefined): GrantError | undefined {
    let failure: GrantError | undefined;
    this.#toAsk = false;
    const { books } = this.#core;
    for (let count = books.sweep(); count > 0;) {
      const open = this.#files.get(books.runFile())!;
      const page = books.runPage();
      try {
        count = this.#endAccess(open, page, count);
      } catch (error) {
        if (open === concerning || concerning === "any") failure ??= this.#notEnded(operation, page, count, error);
        this.#toAsk = true;
        count = books.nextRun(false);
      }
    }
    return failure;
  }

  /** A sweep that the core has begun: with these pages of a file, and no others. */
  sweepRun(operation: GrantOperation, open: OpenFile, page: number, count: number): GrantError | undefined {
    let failure: GrantError | undefined;
    try {
      this.#endAccess(open, page, count);
    } catch (error) {
      failure = this.#notEnded(operation, page, count, error);
      this.#toAsk = true;
      this.#core.books.nextRun(false);
    }
    if (this.#closing.size === 0) return failure;
    const closing = this.#forgetClosed(open);
    return failure ?? closing;
  }

  /** Pages have become pending: the next sweep looks for them. */
  expect(): void {
    this.#toAsk = true;
  }

  /** Ends access to the core's present run, but for the pages that the peer holds: the number of pages of the next run. */
  #endAccess(open: OpenFile, page: number, count: number): number {
    const staged = this.#core.stagingArea();
    // A backend may have moved the last one's buffer away.
    const grefs = this.#grefs.length > 0 ? this.#grefs : this.#grefs = new Uint32Array(STAGING_CAPACITY);
    for (let index = 0; index < count; index++) grefs[index] = staged[index]!;
    this.#told = false;
    const held = open.file.endAccess(page, count, grefs);
    checkIsArray(held);
    return held.length === 0 ? this.#core.books.endedAll() : this.#endOthers(open, count, held);
  }

  /** What has become of the present run if the backend says that access to some pages has not ended. */
  #endOthers(open: OpenFile, count: number, held: readonly number[]): number {
    const { books } = this.#core;
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
    const waits = open.tells && !this.#told;
    if (!waits) this.#toAsk = true;
    return books.nextRun(waits);
  }

  #notEnded(operation: GrantOperation, page: number, count: number, error: unknown): GrantError {
    const { code, errno, message } = asGrantError(error, operation, this.#backend);
    return new GrantError(
      `Cannot end access to ${pagesFrom(page, count)}, which ${count === 1 ? "stays" : "stay"} pending until a later ` +
        `operation can: ${message}`,
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

function checkIsArray(held: unknown): void {
  if (Array.isArray(held)) return;
  throw new TypeError(`it must say which pages have not ended in an array: it said ${show(held)}`);
}
