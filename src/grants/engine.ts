import type { GrantBackend, GrantFile, MappedMemory, UnmapNotify } from "../contract/backend.ts";
import { type Core, createCore, NO_MEMORY, OK, STAGING_CAPACITY } from "../../wasm/core.ts";
import { Calls } from "../shared/call_guard.ts";
import { checkLimit } from "../contract/checks.ts";
import { GrantError, type GrantErrorCode, type GrantOperation } from "../contract/errors.ts";
import { copyGrefs, type Grefs } from "./grefs.ts";
import { type Mapping, type MappingOwner, MemoryParts, ReadOnlyMapping, ReadWriteMapping } from "../shared/mapping.ts";
import { checkedBytes, Pieces } from "../shared/memory.ts";
import { type OpenFile, Reclaimer } from "./reclaimer.ts";
import { pages } from "../contract/messages.ts";

const NO_GREFS = new Uint32Array(0);

/**
 * Joins the core, which decides, to a backend, which does: each operation is one method, whole or not at all.
 *
 * The books are right whenever no method is under way, whatever the backend does. A backend that calls back into the
 * library in the middle of one gets a `busy` error.
 */
export class Driver {
  readonly #backend: GrantBackend;
  readonly #core: Core;
  readonly #reclaimer: Reclaimer;
  /** Whether the limit is the backend's, to be asked again. */
  #limitIsBackends: boolean;
  readonly #calls: Calls;
  /** References on their way to or from the backend: never the core's own memory, which a backend must not see. */
  #grefs = new Uint32Array(64);

  constructor(backend: GrantBackend, limit: number | undefined, module: WebAssembly.Module | undefined) {
    this.#backend = backend;
    this.#calls = new Calls(backend.name);
    this.#core = createCore(module);
    this.#reclaimer = new Reclaimer(this.#core, backend.name);
    this.#limitIsBackends = limit === undefined;
    if (limit !== undefined) this.#core.books.setLimit(limit);
  }

  /** The limit, as the backend says it. */
  #backendLimit(operation: GrantOperation): number {
    try {
      const limit = this.#backend.limit();
      checkLimit("use the backend", "its limit", limit);
      return limit;
    } catch (error) {
      throw this.#calls.failed(operation, error);
    }
  }

  get limit(): number {
    if (this.#limitIsBackends) {
      this.#calls.begin("inspect");
      try {
        this.#core.books.setLimit(this.#backendLimit("inspect"));
      } finally {
        this.#calls.end();
      }
    }
    return this.#core.books.limit();
  }

  set limit(pages: number) {
    this.checkIdle("inspect");
    this.#limitIsBackends = false;
    this.#core.books.setLimit(pages);
  }

  /** The core's functions, for reading. */
  get books(): Core["books"] {
    return this.#core.books;
  }

  /** Throws if the backend is in the middle of a call: whoever changes state of its own before an operation asks first. */
  checkIdle(operation: GrantOperation): void {
    this.#calls.checkIdle(operation);
  }

  #error(code: GrantErrorCode, operation: GrantOperation, reason: string): GrantError {
    return new GrantError(`Cannot ${operation === "notify" ? "set the unmap notify of" : operation} ${reason}`, {
      code,
      operation,
    });
  }

  open(): OpenFile {
    this.#calls.begin("open");
    try {
      if (this.#limitIsBackends) this.#core.books.setLimit(this.#backendLimit("open"));
      const address = this.#core.books.open();
      if (!address) throw this.#error("no-memory", "open", "a file as there is no memory for its books");
      let file: GrantFile | undefined;
      try {
        file = this.#backend.open();
        return this.#reclaimer.add(address, file);
      } catch (error) {
        this.#core.books.close(address);
        this.#core.books.forget(address);
        try {
          file?.close();
        } catch {
          // The first error is the one that counts.
        }
        throw this.#calls.failed("open", error);
      }
    } finally {
      this.#calls.end();
    }
  }

  /** Grants pages: the index of the first. Their references are to be taken at once, with {@linkcode Driver.takeGrefs}. */
  allocate(open: OpenFile, count: number, domid: number, writable: boolean): number {
    this.#calls.begin("allocate");
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
      this.#calls.end();
    }
  }

  #list(open: OpenFile, count: number): void {
    const { books } = this.#core;
    for (let from = 0; from < count; from += STAGING_CAPACITY) books.list(open.address, this.#stage(from, count));
  }

  /** The references of the pages that were allocated last. */
  takeGrefs(count: number): Grefs {
    const grefs = copyGrefs(this.#grefs, count);
    if (count > STAGING_CAPACITY) this.#grefs = new Uint32Array(64);
    return grefs;
  }

  /** Room for references, with none in it. */
  #clearGrefs(count: number): Uint32Array<ArrayBuffer> {
    const grefs = this.#grefs;
    // Also where a backend has moved the buffer of the last one away.
    if (count > grefs.length) {
      // If there is no memory, those of an earlier allocation must not be taken for granted by this one.
      this.#grefs = NO_GREFS;
      return this.#grefs = this.#newGrefs(Math.max(count, 64));
    }
    for (let index = 0; index < count; index++) grefs[index] = 0;
    return grefs;
  }

  #newGrefs(count: number): Uint32Array<ArrayBuffer> {
    try {
      return new Uint32Array(count);
    } catch {
      throw this.#error("no-memory", "allocate", `${pages(count)} as there is no memory for their references`);
    }
  }

  #reserve(open: OpenFile, count: number): number {
    const page = this.#core.books.reserve(open.address, count);
    return page >= 0 ? page : this.#reserveAgain(open, count, page);
  }

  /** What was refused may be within a limit that was raised meanwhile; where it was lowered, that is the reason. */
  #reserveAgain(open: OpenFile, count: number, refused: number): number {
    const { books } = this.#core;
    let page = refused;
    if (this.#limitIsBackends) {
      books.setLimit(this.#backendLimit("allocate"));
      page = books.reserve(open.address, count);
    }
    if (page >= 0) return page;
    if (page === NO_MEMORY) {
      throw this.#error("no-memory", "allocate", `${pages(count)} as there is no memory for their books`);
    }
    const pending = books.pending();
    throw this.#error(
      this.#limitIsBackends ? "kernel-limit-reached" : "limit-reached",
      "allocate",
      `${pages(count)} as the limit is ${books.limit()} and ${books.live()} are in use` +
        (pending ? `, ${pending} of them freed, but still mapped by the peer or not ended yet` : "") +
        `: ${
          count > books.limit()
            ? "ask for fewer"
            : pending === books.live()
            ? "see that peers unmap theirs"
            : "free pages"
        }, or raise ${this.#limitIsBackends ? this.#backend.limitName : "`limit` of the device"}`,
    );
  }

  /** Copies references from `from` on, up to the first `count`, into the core's staging: how many. */
  #stage(from: number, count: number): number {
    const length = Math.min(STAGING_CAPACITY, count - from);
    const staged = this.#core.stagingArea();
    const grefs = this.#grefs;
    // A loop, here and elsewhere: `set` and `subarray` are calls that take longer, and make an object.
    for (let index = 0; index < length; index++) staged[index] = grefs[from + index]!;
    return length;
  }

  /**
   * Gives back what a failed allocation reserved, and ends access to the pages that were granted all the same.
   *
   * @returns The error to throw.
   */
  #undo(open: OpenFile, page: number, count: number, error: unknown): GrantError {
    const { books } = this.#core;
    const grefs = this.#grefs;
    let granted = 0;
    while (granted < count && granted < grefs.length && grefs[granted] !== 0) granted++;
    for (let from = 0; from < granted; from += STAGING_CAPACITY) books.adopt(open.address, this.#stage(from, granted));
    books.abandon(open.address);
    if (granted > 0) this.#reclaimer.expect();
    this.#reclaimer.sweep("free");
    books.rewind(open.address, page);
    return this.#calls.failed("allocate", error);
  }

  /**
   * Frees pages.
   *
   * @param needed Whether it is an error if not all of them are listed.
   * @returns Whether they were.
   */
  free(open: OpenFile, page: number, count: number, needed: boolean): boolean {
    this.#calls.begin("free");
    try {
      const run = this.#core.books.free(open.address, page, count);
      if (run < 0) {
        if (needed) throw this.#notFound("free", open, page, count);
        return false;
      }
      if (run === 0) this.#reclaimer.expect();
      const failure = run > 0
        ? this.#reclaimer.sweepRun("free", open, page, count)
        : this.#reclaimer.sweep("free", open);
      if (failure) throw failure;
      return true;
    } finally {
      this.#calls.end();
    }
  }

  #notFound(operation: GrantOperation, open: OpenFile, page: number, count: number): GrantError {
    const { books } = this.#core;
    const next = books.fileNext(open.address);
    let missing = page;
    while (books.find(open.address, missing, 1)) missing++;
    const run = count === 1 ? `page ${page}` : `pages ${page} to ${page + count - 1}`;
    const reason = missing < next ? "was freed before" : `was never allocated: the next one will be page ${next}`;
    return this.#error("not-found", operation, `${run} of the allocator as page ${missing} ${reason}`);
  }

  /**
   * Maps pages: in one piece of memory for each allocation that they are of.
   *
   * @param gref The reference of the first page, if it is known, and that all of them are of one allocation; or 0.
   */
  map(
    open: OpenFile,
    owner: MappingOwner,
    page: number,
    count: number,
    writable: boolean,
    gref: number,
  ): Mapping {
    this.#calls.begin("map");
    try {
      const status = this.#core.books.map(open.address, page, count);
      if (status !== OK) throw this.#notMapped(status, open, page, count);
      try {
        if (gref === 0) {
          const { books } = this.#core;
          const length = count === 1 ? 1 : books.together(open.address, page, count);
          if (length < count) return this.#mapPieces(open, owner, page, count, writable);
          gref = books.gref(open.address, page);
        }
        const memory = open.file.map(page, count, gref, writable);
        const bytes = checkedBytes(memory, count);
        return writable
          ? new ReadWriteMapping(bytes, memory, owner, page, count)
          : new ReadOnlyMapping(bytes, memory, owner, page, count);
      } catch (error) {
        this.#core.books.unmap(open.address, page, count);
        throw this.#calls.failed("map", error);
      }
    } finally {
      this.#calls.end();
    }
  }

  #notMapped(status: number, open: OpenFile, page: number, count: number): GrantError {
    if (status !== NO_MEMORY) return this.#notFound("map", open, page, count);
    return this.#error("no-memory", "map", "as there is no memory for the books");
  }

  /**
   * One mapping across two allocations would make Linux's driver release the pages of whichever file was next to allocate:
   * it walks the pages of all files when the mapping ends.
   */
  #mapPieces(open: OpenFile, owner: MappingOwner, page: number, count: number, writable: boolean): Mapping {
    const { books } = this.#core;
    const pieces = new Pieces();
    try {
      const views: Uint8Array<ArrayBuffer>[] = [];
      for (let from = page, end = page + count; from < end;) {
        const length = books.together(open.address, from, end - from);
        const memory = open.file.map(from, length, books.gref(open.address, from), writable);
        views.push(checkedBytes(memory, length));
        pieces.push(memory);
        from += length;
      }
      return new (writable ? ReadWriteMapping : ReadOnlyMapping)(new MemoryParts(views), pieces, owner, page, count);
    } catch (error) {
      try {
        pieces.unmap();
      } catch {
        // What failed first is the reason.
      }
      throw error;
    }
  }

  /** Ends a mapping, with the page and count it was made with. */
  unmap(open: OpenFile, page: number, count: number, memory: Pick<MappedMemory, "unmap">): void {
    this.#calls.begin("unmap");
    try {
      let unmapping: GrantError | undefined;
      try {
        memory.unmap();
      } catch (error) {
        unmapping = this.#calls.failed("unmap", error);
      }
      if (this.#core.books.unmap(open.address, page, count)) this.#reclaimer.expect();
      const ending = this.#reclaimer.sweep("unmap", open);
      const failure = unmapping ?? ending;
      if (failure) throw failure;
    } finally {
      this.#calls.end();
    }
  }

  setUnmapNotify(open: OpenFile, page: number, notify: UnmapNotify): void {
    this.#calls.begin("notify");
    try {
      const { books } = this.#core;
      if (!books.find(open.address, page, 1)) throw this.#notFound("notify", open, page, 1);
      try {
        open.file.setUnmapNotify(page, books.gref(open.address, page), notify);
      } catch (error) {
        throw this.#calls.failed("notify", error);
      }
    } finally {
      this.#calls.end();
    }
  }

  /** Closes a file: its pages are let go as soon as no mapping of the file is left. */
  close(open: OpenFile): void {
    this.#calls.begin("close");
    try {
      this.#reclaimer.close(open);
      const failure = this.#reclaimer.sweep("close", open);
      if (failure) throw failure;
    } finally {
      this.#calls.end();
    }
  }

  /** Ends access to the pages that closed allocators left to their peers, as far as these have let go. */
  reclaim(): void {
    this.#calls.begin("close");
    try {
      const failure = this.#reclaimer.sweep("close", "any");
      if (failure) throw failure;
    } finally {
      this.#calls.end();
    }
  }
}

/** Throws unless there is a reference for each page: where the backend moved the buffer away, there is none. */
function checkGranted(grefs: Uint32Array, count: number): void {
  for (let offset = 0; offset < count; offset++) {
    if (!(grefs[offset]! > 0)) throw new TypeError(`it granted page ${offset} of ${count} without a reference`);
  }
}
