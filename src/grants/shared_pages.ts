import { checkFlag, checkInteger } from "../contract/checks.ts";
import type { MappedMemory, UnmapNotify } from "../contract/memory.ts";
import { checkNotify } from "../contract/notify.ts";
import { readOptions } from "../contract/options.ts";
import { shorten, showAs, SHOWN } from "../shared/inspection.ts";
import {
  type Mapping,
  type MappingOwner,
  memoryOf,
  type PageMapping,
  type WritableMapping,
} from "../shared/mapping.ts";
import type { GrantEngine } from "./engine.ts";
import { firstGref, type Grefs, listGrefs } from "./grefs.ts";
import type { OpenFile } from "./open_file.ts";
import { checkRange, type PageRange, readRange } from "./range.ts";
import type { AllocationFacts } from "./reports.ts";

/** How many pages to allocate, and how. */
export interface AllocateOptions {
  /** The number of pages of 4096 bytes, at least 1. Default is 1. */
  pages?: number | undefined;
  /** Whether the domain may write to them. Default is false. */
  writable?: boolean | undefined;
}

/** Which pages of an allocation to map, and how. */
export interface MapOptions extends PageRange {
  /** Whether this process writes to the pages, which it may do even if the peer may not. Default is true. */
  writable?: boolean | undefined;
}

/** The pages of one allocation: granted to one domain, with consecutive indices in their allocator. */
export interface SharedPages extends Disposable {
  /** The domain that may map them. */
  readonly domid: number;
  /** Whether that domain may write to them. */
  readonly writable: boolean;
  /** The index of the first page in its allocator. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** Their grant references, in order. The peer needs them to map the pages. */
  readonly grefs: readonly number[];
  /**
   * Maps the pages, or some of them. Pages may be mapped several times; each mapping ends separately.
   *
   * @param options Which pages. Default is all.
   * @throws {RangeError} if the range is not inside the allocation.
   * @throws {GrantError} `not-found` if a page was freed; or the system's refusal.
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
  map(options?: MapOptions & { writable?: true | undefined }): WritableMapping;
  /** Maps the pages, or some of them, read-only if `writable` is false. */
  map(options: MapOptions): Mapping;
  /**
   * Frees the pages, or some of them; the rest stays. A page that is mapped here lives until it is unmapped, but cannot
   * be mapped again. A page that the peer maps remains accessible to it until the peer unmaps it. References of freed
   * pages are soon used for other pages, so make sure that the peer no longer uses them.
   *
   * @param range Which pages. Default is all that have not been freed.
   * @throws {RangeError} if the range is not inside the allocation.
   * @throws {GrantError} `not-found` if a page of the range was already freed, or none is left. In that case nothing is
   * freed.
   *
   * @example Free pages in the middle
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
   * Sets what happens when this side lets go of a page for good: when it is freed and no longer mapped here, when its
   * allocator is closed, or when this process dies. Replaces what was set for that page before.
   *
   * @param notify Which byte of the page to clear, and the port on which to send an event. Nothing happens if both are
   * absent.
   * @param page Which page, counted from 0 at the start of the allocation. Default is the first.
   * @throws {RangeError} if the page is not inside the allocation, the byte not inside the page, or the port out of
   * bounds.
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
  /** Frees the pages that have not been freed. */
  [Symbol.dispose](): void;
}

/**
 * Describes an allocation. It reads private fields, and is not a method because users can reach the methods of their
 * pages.
 */
export let describeAllocation: (pages: AllocatedPages) => AllocationFacts;

/** Is told of each mapping of an allocation, and what will become of it. */
export type MappingWatcher = (mapping: object, fate: MappingFate) => void;

/** What becomes of a mapping, apart from the mapping itself. */
export interface MappingFate {
  unmapped: boolean;
  memory?: Pick<MappedMemory, "ended">;
}

/** Has a watcher told of the mappings that an allocation gets from now on. */
export let watchMappings: (pages: AllocatedPages, watcher: MappingWatcher) => void;

/** The pages of an allocation, by their indices in the allocator. */
export class AllocatedPages implements SharedPages {
  readonly #engine: GrantEngine;
  readonly #open: OpenFile;
  readonly #page: number;
  readonly #count: number;
  readonly #domid: number;
  readonly #writable: boolean;
  readonly #grefs: Grefs;
  /** The references as an array, once they have been read. */
  #grefList: readonly number[] | undefined = undefined;
  /** Counts the mappings, from the first one on. */
  #uses: PageUses | undefined = undefined;

  /** Allocates them: see {@linkcode GrantAllocator.allocate}. */
  constructor(engine: GrantEngine, open: OpenFile, count: number, domid: number, writable: boolean) {
    this.#engine = engine;
    this.#open = open;
    this.#page = engine.allocate(open, count, domid, writable);
    this.#count = count;
    this.#domid = domid;
    this.#writable = writable;
    this.#grefs = engine.takeGrefs(count);
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
    return this.#grefList ??= listGrefs(this.#grefs, this.#count);
  }

  map(options?: MapOptions & { writable?: true | undefined }): WritableMapping;
  map(options: MapOptions): Mapping;
  map(options?: MapOptions): Mapping {
    if (options === undefined) return this.#map(this.#page, this.#count, true, firstGref(this.#grefs));
    const given = readOptions("map", options, ["start", "count", "writable"]);
    const { start, count } = checkRange("map", given, this.#count);
    const { writable = true } = given;
    checkFlag("map", "`writable`", writable);
    return this.#map(this.#page + start, count, writable, 0);
  }

  #map(page: number, count: number, writable: boolean, gref: number): PageMapping {
    const uses = this.#uses ??= new PageUses(this.#open);
    const { watcher } = uses;
    if (watcher === undefined) {
      const mapping = this.#engine.map(this.#open, page, count, writable, gref, uses);
      uses.mappings++;
      return mapping;
    }
    const fate: MappingFate = { unmapped: false };
    const mapping = this.#engine.map(this.#open, page, count, writable, gref, new WatchedUse(uses, fate));
    uses.mappings++;
    fate.memory = memoryOf(mapping);
    watcher(mapping, fate);
    return mapping;
  }

  free(range?: PageRange): void {
    if (range === undefined) {
      // Usually, none of them has been freed.
      if (!this.#engine.free(this.#open, this.#page, this.#count, false)) this.#freeRest(true);
      return;
    }
    const { start, count } = readRange("free", range, this.#count);
    this.#engine.free(this.#open, this.#page + start, count, true);
  }

  setUnmapNotify(notify: UnmapNotify, page: number = 0): void {
    checkInteger("set the unmap notify", "`page`", page, 0, this.#count - 1);
    this.#engine.setUnmapNotify(this.#open, this.#page + page, checkNotify(notify));
  }

  /** Frees all pages that are left, in as few runs as possible. If `needed`, there must be one. */
  #freeRest(needed: boolean): void {
    const engine = this.#engine;
    const open = this.#open;
    const page = this.#page;
    const count = this.#count;
    let found = false;
    let failure: unknown;
    let from = page;
    for (let to = page; to <= page + count; to++) {
      if (to < page + count && engine.has(open, to, 1)) continue;
      if (to > from) {
        found = true;
        try {
          engine.free(open, from, to - from, true);
        } catch (error) {
          failure ??= error;
        }
      }
      from = to + 1;
    }
    if (failure !== undefined) throw failure;
    // This throws, and the error says why.
    if (needed && !found) engine.free(open, page, count, true);
  }

  [Symbol.dispose](): void {
    if (!this.#engine.free(this.#open, this.#page, this.#count, false)) this.#freeRest(false);
  }

  /** The pages that have been freed, counted from the first one of the allocation. */
  #freed(): number[] {
    const engine = this.#engine;
    const open = this.#open;
    const page = this.#page;
    const count = this.#count;
    const freed: number[] = [];
    if (engine.has(open, page, count)) return freed;
    for (let index = 0; index < count; index++) {
      if (!engine.has(open, page + index, 1)) freed.push(index);
    }
    return freed;
  }

  static {
    watchMappings = (pages, watcher) => {
      (pages.#uses ??= new PageUses(pages.#open)).watcher = watcher;
    };
    describeAllocation = (pages) => {
      const freedPages = pages.#freed();
      return {
        domid: pages.#domid,
        writable: pages.#writable,
        page: pages.#page,
        pages: pages.#count,
        grefs: pages.grefs,
        mappings: pages.#uses?.mappings ?? 0,
        freed: freedPages.length,
        freedPages,
      };
    };
    showAs(AllocatedPages, "SharedPages", (pages) => {
      const freed = pages.#freed().length;
      return {
        domid: pages.#domid,
        grefs: shorten(listGrefs(pages.#grefs, Math.min(pages.#count, SHOWN)), pages.#count),
        writable: pages.#writable,
        mapped: pages.#uses?.mappings ?? 0,
        ...(freed === 0 ? {} : { freed: freed === pages.#count ? true : `${freed} of ${pages.#count}` }),
      };
    });
  }
}

/** Ends the mappings of an allocation, and counts those that are left. */
class PageUses implements MappingOwner {
  mappings = 0;
  watcher: MappingWatcher | undefined = undefined;
  readonly #open: OpenFile;

  constructor(open: OpenFile) {
    this.#open = open;
  }

  checkIdle(): void {
    this.#open.checkIdle();
  }

  unmap(memory: Pick<MappedMemory, "unmap">, page: number, count: number): void {
    this.mappings--;
    this.#open.unmap(memory, page, count);
  }
}

/** Ends one mapping of an allocation whose mappings are watched. */
class WatchedUse implements MappingOwner {
  readonly #uses: PageUses;
  readonly #fate: MappingFate;

  constructor(uses: PageUses, fate: MappingFate) {
    this.#uses = uses;
    this.#fate = fate;
  }

  checkIdle(): void {
    this.#uses.checkIdle();
  }

  unmap(memory: Pick<MappedMemory, "unmap">, page: number, count: number): void {
    this.#fate.unmapped = true;
    this.#uses.unmap(memory, page, count);
  }
}
