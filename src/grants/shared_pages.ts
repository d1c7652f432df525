import type { UnmapNotify } from "../contract/backend.ts";
import { checkFlag, checkInteger, checkNotify } from "../contract/checks.ts";
import type { DriverFile } from "./file.ts";
import { firstGref, type Grefs, showGrefs } from "./grefs.ts";
import type { Mapping, WritableMapping } from "../shared/mapping.ts";
import { checkRange, type PageRange } from "./range.ts";

/** What part of an allocation to map, and how. */
export interface MapOptions extends PageRange {
  /** Whether this process writes to the pages, which it may even where the peer may not. Default is true. */
  writable?: boolean;
}

/** Pages of one allocation: granted to one domain, next to each other in the allocator. */
export interface SharedPages extends Disposable {
  /** The domain that may map them. */
  readonly domid: number;
  /** Whether that domain may write to them. */
  readonly writable: boolean;
  /** The index of the first page in its allocator. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** Their grant references, in order: what the peer needs in order to map them. */
  readonly grefs: readonly number[];
  /**
   * Maps the pages, or a part of them. Pages may be mapped several times; each mapping is ended by itself.
   *
   * @param options Which part. Default is all.
   * @throws {RangeError} if the part is not inside the allocation.
   * @throws {GrantError} `not-found` if a page was freed before; or what the system refuses.
   *
   * @example Write to a page that a peer may read
   * ```ts
   * import { GrantDevice } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using device = new GrantDevice(new MockXen().domain(1));
   * using pages = device.open().allocate(0, { pages: 4 });
   * using second = pages.map({ start: 1, count: 1 });
   * second.bytes.set([1, 2, 3]);
   * assert.equal(second.bytes.length, 4096);
   * ```
   */
  map(options?: MapOptions & { writable?: true }): WritableMapping;
  /** Maps the pages, or a part of them, which this process may not write to if it says so. */
  map(options: MapOptions): Mapping;
  /**
   * Frees the pages, or a part of them; the rest stays. What is mapped here lives until it is unmapped, but cannot be mapped
   * again. What the peer has mapped stays the peer's until it lets go. References of freed pages are soon used again, for
   * other pages: see that the peer forgets them.
   *
   * @param range Which part. Without it, all that was not freed before is.
   * @throws {RangeError} if the part is not inside the allocation.
   * @throws {GrantError} `not-found` if a page of the part was freed before, or nothing is left: nothing is freed then.
   *
   * @example Free from the middle
   * ```ts
   * import { GrantDevice } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using device = new GrantDevice(new MockXen().domain(1));
   * using pages = device.open().allocate(0, { pages: 4 });
   * pages.free({ start: 1, count: 2 });
   * assert.equal(device.inspect().live, 2);
   * ```
   */
  free(range?: PageRange): void;
  /**
   * Sets what happens when this side lets go of a page for good: when it is freed and no longer mapped here, when its allocator
   * is closed, or when this process dies. Replaces what was set for that page before.
   *
   * @param notify Which byte of the page to clear, and the event channel's port to signal. With neither, nothing happens.
   * @param page Which page, counted from 0 at the beginning of the allocation. Default is the first.
   * @throws {RangeError} if the page is not inside the allocation, the byte not inside the page, or the port not a port.
   * @throws {GrantError} `notify-refused` if the port is not bound; `not-found` if the page was freed.
   *
   * @example Tell the peer that this side is gone
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using device = new GrantDevice(xen.domain(1));
   * const pages = device.open().allocate(0);
   * using mapper = new GrantMapper(xen.domain(0));
   * using theirs = mapper.map(1, pages.grefs);
   *
   * using ours = pages.map();
   * ours.bytes[0] = 1; // "I am here"
   * pages.setUnmapNotify({ clearByte: 0 });
   * ours.unmap();
   * pages.free();
   * assert.equal(theirs.read(0, 1)[0], 0);
   * ```
   */
  setUnmapNotify(notify: UnmapNotify, page?: number): void;
  /** Frees what is left of the pages, if anything is. */
  [Symbol.dispose](): void;
}

/** The pages of an allocation, by their index in the allocator. */
export class AllocatedPages implements SharedPages {
  readonly #file: DriverFile;
  readonly #page: number;
  readonly #count: number;
  readonly #domid: number;
  readonly #writable: boolean;
  #grefs: Grefs;

  /** Allocates them: see {@linkcode GrantAllocator.allocate}. */
  constructor(file: DriverFile, count: number, domid: number, writable: boolean) {
    this.#file = file;
    this.#page = file.allocate(count, domid, writable);
    this.#count = count;
    this.#domid = domid;
    this.#writable = writable;
    this.#grefs = file.driver.takeGrefs(count);
  }

  get page(): number {
    return this.#page;
  }

  get count(): number {
    return this.#count;
  }

  get domid(): number {
    return this.#domid;
  }

  get writable(): boolean {
    return this.#writable;
  }

  get grefs(): readonly number[] {
    return this.#grefs = showGrefs(this.#grefs, this.#count);
  }

  map(options?: MapOptions & { writable?: true }): WritableMapping;
  map(options: MapOptions): Mapping;
  map(options?: MapOptions): Mapping {
    if (options === undefined) return this.#file.map(this.#page, this.#count, true, firstGref(this.#grefs));
    const { start, count } = checkRange("map", options, this.#count);
    checkFlag("map", "`writable`", options.writable);
    return this.#file.map(this.#page + start, count, options.writable ?? true);
  }

  free(range?: PageRange): void {
    if (range === undefined) {
      // All of them, as it mostly is; or what is left.
      if (!this.#file.free(this.#page, this.#count, false)) this.#freeRest(true);
      return;
    }
    const { start, count } = checkRange("free", range, this.#count);
    this.#file.free(this.#page + start, count, true);
  }

  setUnmapNotify(notify: UnmapNotify, page: number = 0): void {
    checkInteger("set the unmap notify", "`page`", page, 0, this.#count - 1);
    this.#file.setUnmapNotify(this.#page + page, checkNotify(notify));
  }

  /** Frees every page that is left, in as few runs as there are; `needed` says that there must be one. */
  #freeRest(needed: boolean): void {
    const page = this.#page;
    const count = this.#count;
    const file = this.#file;
    let found = false;
    let failure: unknown;
    let from = page;
    for (let to = page; to <= page + count; to++) {
      if (to < page + count && file.has(to, 1)) continue;
      if (to > from) {
        found = true;
        try {
          file.free(from, to - from, true);
        } catch (error) {
          failure ??= error;
        }
      }
      from = to + 1;
    }
    if (failure !== undefined) throw failure;
    // Fails, with the reason.
    if (needed && !found) file.free(page, count, true);
  }

  [Symbol.dispose](): void {
    if (!this.#file.free(this.#page, this.#count, false)) this.#freeRest(false);
  }
}
