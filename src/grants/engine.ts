import { type Core, createCore, NO_MEMORY, OK, STAGING_CAPACITY } from "../../wasm/core.ts";
import { grantedCount } from "../contract/answers.ts";
import { checkFile } from "../contract/checks.ts";
import type { GrantError, GrantOperation } from "../contract/errors.ts";
import type { GrantBackend, GrantFile } from "../contract/grant_backend.ts";
import type { MappedMemory, UnmapNotify } from "../contract/memory.ts";
import { pages, pagesFrom } from "../contract/messages.ts";
import { CallGuard } from "../shared/call_guard.ts";
import { type MappingOwner, PageMapping } from "../shared/mapping.ts";
import { checkedBytes, MappedParts, MemoryParts } from "../shared/memory.ts";
import { type Grefs, keepGrefs } from "./grefs.ts";
import { OpenFile } from "./open_file.ts";
import { Limit } from "./limit.ts";
import { limitReached, notFound, outOfMemory, withFreed } from "./refusals.ts";
import { Reclaimer } from "./reclaimer.ts";
import type { AllocatorReport } from "./reports.ts";

const NO_GREFS = new Uint32Array(0);

/**
 * Connects the core, which decides, to a backend, which executes. Each operation is one method that succeeds completely
 * or changes nothing. Its arguments have been checked.
 *
 * The books are correct whenever no method is under way, whatever the backend does.
 */
export class GrantEngine {
  readonly #backend: GrantBackend;
  readonly #core: Core;
  readonly #reclaimer: Reclaimer;
  readonly #guard: CallGuard;
  readonly #limit: Limit;
  /** References on their way to or from the backend, which must not see the core's own memory. */
  #grefs = new Uint32Array(64);

  constructor(backend: GrantBackend, limit: number | undefined, module: WebAssembly.Module | undefined) {
    this.#backend = backend;
    this.#guard = new CallGuard(backend.name);
    this.#core = createCore(module);
    this.#reclaimer = new Reclaimer(this.#core, backend.name);
    this.#limit = new Limit(this.#core.books, backend, this.#guard, limit);
  }

  get limit(): number {
    if (this.#limit.mayChange) {
      this.#guard.begin("inspect");
      try {
        this.#limit.read("inspect");
      } finally {
        this.#guard.end();
      }
    }
    return this.#core.books.limit();
  }

  set limit(pages: number) {
    this.checkIdle("inspect");
    this.#limit.set(pages);
  }

  /** The limit when it was last read; `undefined` if it never was. Calls no backend. */
  get lastLimit(): number | undefined {
    return this.#limit.last;
  }

  /**
   * The limit when it was last read. If it never was, asks the backend, unless that is in the middle of a call.
   * `undefined` if the backend cannot tell.
   */
  get reportedLimit(): number | undefined {
    if (this.lastLimit === undefined && !this.#guard.busy) {
      try {
        return this.limit;
      } catch {
        // A report has no place for the error. Whatever needs the limit throws it.
      }
    }
    return this.lastLimit;
  }

  /** The pages that stay live only because they are mapped here: freed ones, and those of closed allocators. */
  get freedMapped(): number {
    const { books } = this.#core;
    return books.live() - books.listed() - books.pending() + this.#reclaimer.listed;
  }

  /** The backend's name. */
  get backendName(): string {
    return this.#backend.name;
  }

  /** The core's functions, for reading. */
  get books(): Core["books"] {
    return this.#core.books;
  }

  /**
   * Throws if the backend is in the middle of a call. Callers that change their own state before an operation check
   * this first.
   */
  checkIdle(operation: GrantOperation): void {
    this.#guard.checkIdle(operation);
  }

  /** Opens a file. */
  open(): OpenFile {
    this.#guard.begin("open");
    try {
      this.#limit.read("open");
      const address = this.#core.books.open();
      if (!address) throw outOfMemory("open", "a file", "its books");
      let file: GrantFile | undefined;
      try {
        file = checkFile(this.#backend.open(), "grants", ["grant", "endAccess", "close"]);
        const open = new OpenFile(this, address, file);
        this.#reclaimer.add(open);
        return open;
      } catch (error) {
        this.#core.books.close(address);
        this.#core.books.forget(address);
        try {
          file?.close();
        } catch {
          // The first error is the one that counts.
        }
        throw this.#guard.failed("open", error);
      }
    } finally {
      this.#guard.end();
    }
  }

  /**
   * Grants pages and returns the index of the first. Take their references at once, with
   * {@linkcode GrantEngine.takeGrefs}.
   */
  allocate(open: OpenFile, count: number, domid: number, writable: boolean): number {
    if (open.closed) open.checkOpen("allocate");
    this.#guard.begin("allocate");
    try {
      this.#reclaimer.sweep("free");
      const page = this.#reserve(open, count);
      try {
        const grefs = this.#clearGrefs(count);
        open.file.grant(page, count, domid, writable, grefs);
        checkGranted(grefs, count);
      } catch (error) {
        throw this.#undo(open, page, count, error);
      }
      if (count === 1) this.#core.books.listOne(open.address, this.#grefs[0]!);
      else this.#list(open, count);
      return page;
    } finally {
      this.#guard.end();
    }
  }

  #list(open: OpenFile, count: number): void {
    const { books } = this.#core;
    for (let from = 0; from < count; from += STAGING_CAPACITY) books.list(open.address, this.#stage(from, count));
  }

  /** The references of the pages that were allocated last. */
  takeGrefs(count: number): Grefs {
    const grefs = keepGrefs(this.#grefs, count);
    if (count > STAGING_CAPACITY) this.#grefs = new Uint32Array(64);
    return grefs;
  }

  /** A buffer for `count` references, all 0. */
  #clearGrefs(count: number): Uint32Array<ArrayBuffer> {
    const grefs = this.#grefs;
    // It is also too short if a backend has transferred it.
    if (count > grefs.length) {
      // If there is no memory, the references of an earlier allocation must not be mistaken for those of this one.
      this.#grefs = NO_GREFS;
      return this.#grefs = newGrefs(Math.max(count, 64), count);
    }
    for (let index = 0; index < count; index++) grefs[index] = 0;
    return grefs;
  }

  #reserve(open: OpenFile, count: number): number {
    const page = this.#core.books.reserve(open.address, count);
    return page >= 0 ? page : this.#reserveAgain(open, count, page);
  }

  /** Tries again, because the backend's limit may have been raised since. The error names the current limit. */
  #reserveAgain(open: OpenFile, count: number, refusal: number): number {
    const { books } = this.#core;
    let page = refusal;
    if (this.#limit.mayChange) {
      this.#limit.read("allocate");
      page = books.reserve(open.address, count);
    }
    if (page >= 0) return page;
    if (page === NO_MEMORY) throw outOfMemory("allocate", pages(count), "their books");
    throw limitReached(books, count, this.freedMapped, this.#limit.name);
  }

  /** Copies references from index `from` on, but not beyond `count`, to the core's staging area. Returns how many. */
  #stage(from: number, count: number): number {
    const length = Math.min(STAGING_CAPACITY, count - from);
    const staged = this.#core.stagingArea();
    const grefs = this.#grefs;
    // A loop, here and elsewhere, because `set` and `subarray` take longer, and create an object.
    for (let index = 0; index < length; index++) staged[index] = grefs[from + index]!;
    return length;
  }

  /**
   * Gives back what a failed allocation has reserved, and ends access to pages that were granted anyway.
   *
   * @returns The error to throw.
   */
  #undo(open: OpenFile, page: number, count: number, error: unknown): GrantError {
    const { books } = this.#core;
    const granted = grantedCount(this.#grefs, count);
    for (let from = 0; from < granted; from += STAGING_CAPACITY) {
      books.adoptAsPending(open.address, this.#stage(from, granted));
    }
    books.abandon(open.address);
    if (granted > 0) this.#reclaimer.requestSweep();
    this.#reclaimer.sweep("free");
    books.rewind(open.address, page);
    return withFreed(this.#guard.failed("allocate", error), this.freedMapped, books.pending());
  }

  /** Whether all of these pages are listed. */
  has(open: OpenFile, page: number, count: number): boolean {
    return !open.closed && this.#core.books.find(open.address, page, count) !== 0;
  }

  /**
   * Frees pages.
   *
   * @param needed Whether to throw if not all of them are listed.
   * @returns Whether they were.
   */
  free(open: OpenFile, page: number, count: number, needed: boolean): boolean {
    if (open.closed) {
      if (!needed) return false;
      open.checkOpen("free");
    }
    this.#guard.begin("free");
    try {
      const run = this.#core.books.free(open.address, page, count);
      if (run < 0) {
        if (needed) throw notFound(this.#core.books, "free", open.address, page, count);
        return false;
      }
      if (run === 0) this.#reclaimer.requestSweep();
      const failure = run > 0
        ? this.#reclaimer.sweepRun("free", open, page, count)
        : this.#reclaimer.sweep("free", open);
      if (failure) throw failure;
      return true;
    } finally {
      this.#guard.end();
    }
  }

  /**
   * Maps pages: as one part of memory for each allocation that they belong to.
   *
   * @param gref The reference of the first page, if it is known and all pages belong to one allocation; otherwise 0.
   * @param owner Ends the mapping; it passes the call on to `open`.
   */
  map(
    open: OpenFile,
    page: number,
    count: number,
    writable: boolean,
    gref: number,
    owner: MappingOwner = open,
  ): PageMapping {
    if (open.closed) open.checkOpen("map");
    this.#guard.begin("map");
    try {
      const status = this.#core.books.map(open.address, page, count);
      if (status !== OK) throw this.#notMapped(status, open, page, count);
      try {
        if (gref === 0) {
          const { books } = this.#core;
          const length = count === 1 ? 1 : books.allocationRun(open.address, page, count);
          if (length < count) return this.#mapParts(open, page, count, writable, owner);
          gref = books.gref(open.address, page);
        }
        const memory = open.file.map(page, count, gref, writable);
        return new PageMapping(checkedBytes(memory, count), memory, owner, page, count, writable);
      } catch (error) {
        this.#core.books.unmap(open.address, page, count);
        throw this.#guard.failed("map", error);
      }
    } finally {
      this.#guard.end();
    }
  }

  #notMapped(status: number, open: OpenFile, page: number, count: number): GrantError {
    if (status !== NO_MEMORY) return notFound(this.#core.books, "map", open.address, page, count);
    return outOfMemory("map", pagesFrom(page, count), "the books");
  }

  /**
   * Maps each allocation separately. When a single mapping across two allocations ends, Linux's driver may release a
   * page of another file that allocated in between: it walks the pages of all files.
   */
  #mapParts(open: OpenFile, page: number, count: number, writable: boolean, owner: MappingOwner): PageMapping {
    const { books } = this.#core;
    const parts = new MappedParts();
    try {
      const views: Uint8Array<ArrayBuffer>[] = [];
      for (let from = page, end = page + count; from < end;) {
        const length = books.allocationRun(open.address, from, end - from);
        const memory = open.file.map(from, length, books.gref(open.address, from), writable);
        views.push(checkedBytes(memory, length));
        parts.push(memory);
        from += length;
      }
      return new PageMapping(new MemoryParts(views), parts, owner, page, count, writable);
    } catch (error) {
      try {
        parts.unmap();
      } catch {
        // The first error is the one that counts.
      }
      throw error;
    }
  }

  /** Ends a mapping, with the page and count it was made with. */
  unmap(open: OpenFile, page: number, count: number, memory: Pick<MappedMemory, "unmap">): void {
    this.#guard.begin("unmap");
    try {
      let unmapping: GrantError | undefined;
      try {
        memory.unmap();
      } catch (error) {
        unmapping = this.#guard.failed("unmap", error);
      }
      if (this.#core.books.unmap(open.address, page, count)) this.#reclaimer.requestSweep();
      const ending = this.#reclaimer.sweep("unmap", open);
      const failure = unmapping ?? ending;
      if (failure) throw failure;
    } finally {
      this.#guard.end();
    }
  }

  setUnmapNotify(open: OpenFile, page: number, notify: UnmapNotify): void {
    open.checkOpen("notify");
    this.#guard.begin("notify");
    try {
      const { books } = this.#core;
      if (!books.find(open.address, page, 1)) throw notFound(books, "notify", open.address, page, 1);
      try {
        open.file.setUnmapNotify(page, books.gref(open.address, page), notify);
      } catch (error) {
        throw this.#guard.failed("notify", error);
      }
    } finally {
      this.#guard.end();
    }
  }

  /** What a file holds. */
  inspect(open: OpenFile): AllocatorReport {
    open.checkOpen("inspect");
    const { books } = this.#core;
    const { address } = open;
    return {
      live: books.fileLive(address),
      listed: books.fileListed(address),
      mappings: books.fileMappings(address),
      next: books.fileNext(address),
    };
  }

  /** Closes a file. Its pages are released as soon as no mapping of the file is left. */
  close(open: OpenFile): void {
    this.#guard.begin("close");
    try {
      open.closed = true;
      this.#reclaimer.close(open);
      const failure = this.#reclaimer.sweep("close", open);
      if (failure) throw failure;
    } finally {
      this.#guard.end();
    }
  }

  /** Ends access to pages of closed allocators that their peers have unmapped since. */
  reclaim(): void {
    this.#guard.begin("close");
    try {
      const failure = this.#reclaimer.sweep("close", "any");
      if (failure) throw failure;
    } finally {
      this.#guard.end();
    }
  }
}

/** Throws unless there is a reference for each page. There is none if the backend has transferred the buffer. */
function checkGranted(grefs: Uint32Array, count: number): void {
  for (let offset = 0; offset < count; offset++) {
    if (!(grefs[offset]! > 0)) throw new TypeError(`it granted page ${offset} of ${count} without a reference`);
  }
}

function newGrefs(length: number, count: number): Uint32Array<ArrayBuffer> {
  try {
    return new Uint32Array(length);
  } catch {
    throw outOfMemory("allocate", pages(count), "their references");
  }
}
