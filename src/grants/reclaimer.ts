import type { Core, FileAddress } from "../../wasm/core.ts";
import { STAGING_CAPACITY } from "../../wasm/core.ts";
import { checkHeld } from "../contract/answers.ts";
import { asGrantError, GrantError, type GrantOperation } from "../contract/errors.ts";
import { pagesFrom, sentence } from "../contract/messages.ts";
import type { OpenFile } from "./open_file.ts";

/**
 * Gives back what this process no longer uses: has the backend end access to pending pages, and close files that have
 * no pages left.
 */
export class Reclaimer {
  readonly #core: Core;
  readonly #backend: string;
  readonly #files = new Map<FileAddress, OpenFile>();
  /** Closed files that still have live pages. */
  readonly #closing = new Set<OpenFile>();
  /** References on their way to the backend. */
  #grefs = new Uint32Array(STAGING_CAPACITY);
  /** Whether the next sweep may find pages to which the backend must end access. */
  #sweepRequested = false;
  /** Whether a backend has reported a release since it was asked to end access to the current run. */
  #releasedMeanwhile = false;

  /** @param backend The backend's name, for error messages. */
  constructor(core: Core, backend: string) {
    this.#core = core;
    this.#backend = backend;
  }

  /** Adds a file. If its backend reports released pages, the reclaimer listens. */
  add(open: OpenFile): void {
    // Before the file is added, so that a report in the middle of this call finds no file.
    if (open.reportsRelease) open.file.onRelease!((page) => this.#released(open, page));
    this.#files.set(open.address, open);
  }

  /**
   * The backend may report at any time that access to a page can now be ended. If the page waits for that, the next
   * sweep tries it.
   */
  #released(open: OpenFile, page: number): void {
    if (this.#files.get(open.address) !== open || !Number.isSafeInteger(page) || page < 0) return;
    // While the backend ends access to the page's run, the core does not know yet that the page waits.
    this.#releasedMeanwhile = true;
    if (this.#core.books.released(open.address, page)) this.#sweepRequested = true;
  }

  /** Closes a file: in the core at once, in the backend when it has no pages left. */
  close(open: OpenFile): void {
    this.#core.books.close(open.address);
    this.#sweepRequested = true;
    this.#closing.add(open);
  }

  /** How many pages of closed files are listed: mappings of those files keep them alive. */
  get listed(): number {
    let pages = 0;
    for (const { address } of this.#closing) pages += this.#core.books.fileListed(address);
    return pages;
  }

  /** Has the next sweep look for pending pages. */
  requestSweep(): void {
    this.#sweepRequested = true;
  }

  /**
   * Ends access to every pending page that its peer does not hold, and closes files that have no pages left. Pages for
   * which this fails stay pending, and the next sweep tries them again. So do pages that the peer holds, unless the
   * backend reports their release.
   *
   * @param operation The operation under way, for the error.
   * @param concerning The file whose failures matter to the caller, or "any".
   * @returns The first of those failures.
   */
  sweep(operation: GrantOperation, concerning?: OpenFile | "any"): GrantError | undefined {
    let failure: GrantError | undefined;
    if (this.#sweepRequested) failure = this.#sweepAll(operation, concerning);
    if (this.#closing.size === 0) return failure;
    const closing = this.#forgetClosed(concerning);
    return failure ?? closing;
  }

  #sweepAll(operation: GrantOperation, concerning: OpenFile | "any" | undefined): GrantError | undefined {
    let failure: GrantError | undefined;
    this.#sweepRequested = false;
    const { books } = this.#core;
    for (let count = books.sweep(); count > 0;) {
      const open = this.#files.get(books.runFile())!;
      const page = books.runPage();
      try {
        count = this.#endAccess(open, page, count);
      } catch (error) {
        if (open === concerning || concerning === "any") failure ??= this.#notEnded(operation, page, count, error);
        this.#sweepRequested = true;
        count = books.nextRun(false);
      }
    }
    return failure;
  }

  /**
   * The same for a sweep that the core has begun with these pages of a file, and no others. The file is open, so none
   * can be closed now.
   */
  sweepRun(operation: GrantOperation, open: OpenFile, page: number, count: number): GrantError | undefined {
    let failure: GrantError | undefined;
    try {
      this.#endAccess(open, page, count);
    } catch (error) {
      failure = this.#notEnded(operation, page, count, error);
      this.#sweepRequested = true;
      this.#core.books.nextRun(false);
    }
    return failure;
  }

  /**
   * Ends access to the core's current run, except pages that the peer holds. Returns the number of pages of the next
   * run.
   */
  #endAccess(open: OpenFile, page: number, count: number): number {
    const staged = this.#core.stagingArea();
    // A backend may have transferred the previous buffer.
    const grefs = this.#grefs.length > 0 ? this.#grefs : this.#grefs = new Uint32Array(STAGING_CAPACITY);
    for (let index = 0; index < count; index++) grefs[index] = staged[index]!;
    this.#releasedMeanwhile = false;
    const held = checkHeld(open.file.endAccess(page, count, grefs), count);
    return held.length === 0 ? this.#core.books.endedAll() : this.#endOthers(open, count, held);
  }

  /** Records in the core which pages of the current run have ended, if the backend returned some that have not. */
  #endOthers(open: OpenFile, count: number, held: readonly number[]): number {
    const { books } = this.#core;
    let from = 0;
    for (const offset of [...held, count]) {
      if (offset > from) books.ended(from, offset - from);
      from = offset + 1;
    }
    const waits = open.reportsRelease && !this.#releasedMeanwhile;
    if (!waits) this.#sweepRequested = true;
    return books.nextRun(waits);
  }

  #notEnded(operation: GrantOperation, page: number, count: number, error: unknown): GrantError {
    const { code, errno, message } = asGrantError(error, operation, this.#backend);
    return new GrantError(
      `Cannot end access to ${pagesFrom(page, count)} yet: ${sentence(message)} ${
        count === 1 ? "It stays" : "They stay"
      } pending, and ` +
        "later operations try again.",
      { code, operation, cause: error, errno },
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
