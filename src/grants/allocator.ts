import type { UnmapNotify } from "../contract/backend.ts";
import { checkCount, checkDomid, checkFlag, checkNotify, checkOptions, checkPage } from "../contract/checks.ts";
import type { Driver } from "./engine.ts";
import { DriverFile } from "./file.ts";
import type { Mapping, WritableMapping } from "../shared/mapping.ts";
import { AllocatedPages, type SharedPages } from "./shared_pages.ts";

/** How many pages to share, and how. */
export interface AllocateOptions {
  /** The number of pages of 4096 bytes, at least 1. Default is 1. */
  pages?: number;
  /** Whether the domain may write to them. Default is false. */
  writable?: boolean;
}

/** What an allocator holds, in pages. */
export interface AllocatorReport {
  /** Pages that count toward the limit. */
  readonly live: number;
  /** Pages that can be found: allocated, and not freed. */
  readonly listed: number;
  /** Mappings of its pages in this process. */
  readonly mappings: number;
  /** The index that the next page gets. */
  readonly next: number;
}

/**
 * One open file: it allocates pages that another domain may map, and gives back what is left of them when it is closed.
 *
 * Pages have an index in their allocator, from 0, one step a page, never used again. The handles that
 * {@linkcode GrantAllocator.allocate} returns are the way in; `map`, `free` and `has` work on any run of pages by index, across the
 * borders of allocations, as the calls of the device do.
 */
export interface GrantAllocator extends Disposable {
  /** Whether it was closed. */
  readonly closed: boolean;
  /**
   * Allocates zeroed pages and grants a domain access to them: all of them, or none.
   *
   * @param domid The domain that may map them, 0 to 32751 (0x7FEF).
   * @param options How many pages, and whether the domain may write to them.
   * @throws {RangeError} if a number is out of its bounds.
   * @throws {GrantError} `limit-reached`, `kernel-limit-reached`, `table-full`, `no-space` or `no-memory` if there is no
   * room for them.
   *
   * @example Share two pages with domain 0
   * ```ts
   * import { GrantDevice } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using device = new GrantDevice(new MockXen().domain(1));
   * using allocator = device.open();
   * using pages = allocator.allocate(0, { pages: 2, writable: true });
   * assert.equal(pages.grefs.length, 2);
   * ```
   */
  allocate(domid: number, options?: AllocateOptions): SharedPages;
  /**
   * Whether all of some pages are allocated and not freed.
   *
   * @param page The index of the first page.
   * @param count The number of pages.
   */
  has(page: number, count: number): boolean;
  /**
   * Maps a run of pages. Where it spans allocations the memory is in several `parts`.
   *
   * @param page The index of the first page.
   * @param count The number of pages.
   * @param options Whether this process writes to them. Default is that it does.
   * @throws {GrantError} `not-found` if a page was freed or never allocated; or what the system refuses.
   *
   * @example Map across two allocations
   * ```ts
   * import { GrantDevice } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using device = new GrantDevice(new MockXen().domain(1));
   * using allocator = device.open();
   * const first = allocator.allocate(0, { pages: 2 });
   * allocator.allocate(3);
   * using both = allocator.map(first.page, 3);
   * assert.deepEqual(both.parts.map((part) => part.length), [8192, 4096]);
   * ```
   */
  map(page: number, count: number, options?: { writable?: true }): WritableMapping;
  /** Maps a run of pages, which this process may not write to if it says so. */
  map(page: number, count: number, options: { writable?: boolean }): Mapping;
  /**
   * Frees a run of pages, across allocations or a part of one: all of it, or nothing.
   *
   * @param page The index of the first page.
   * @param count The number of pages.
   * @throws {GrantError} `not-found` if a page was freed before or never allocated.
   */
  free(page: number, count: number): void;
  /**
   * Sets what happens when access to one page ends; replaces what was set before.
   *
   * @param page The index of the page.
   * @param notify Which byte of it to clear, and the event channel's port to signal. With neither, nothing.
   * @throws {GrantError} `not-found` if the page is not allocated; `notify-refused` if the port is not bound.
   */
  setUnmapNotify(page: number, notify: UnmapNotify): void;
  /**
   * What it holds.
   *
   * @throws {GrantError} `closed` if it is closed.
   */
  inspect(): AllocatorReport;
  /**
   * Frees all its pages. A mapping of any of them keeps all of them alive, out of reach, until it is unmapped. Does nothing
   * if the allocator is closed.
   *
   * @throws {GrantError} if access to a page cannot be ended. The allocator is closed all the same.
   */
  close(): void;
  /** Frees all its pages, like {@linkcode GrantAllocator.close}. */
  [Symbol.dispose](): void;
}

/** An allocator on one file of a driver. */
export class FileAllocator implements GrantAllocator {
  readonly #file: DriverFile;
  readonly #onClose: (allocator: FileAllocator) => void;

  constructor(driver: Driver, onClose: (allocator: FileAllocator) => void) {
    this.#onClose = onClose;
    this.#file = new DriverFile(driver);
  }

  get closed(): boolean {
    return this.#file.closed;
  }

  allocate(domid: number, options?: AllocateOptions): SharedPages {
    checkDomid("allocate", domid);
    let pages: number | undefined;
    let writable: boolean | undefined;
    if (options !== undefined) {
      checkOptions("allocate", options);
      ({ pages, writable } = options);
      if (pages !== undefined) checkCount("allocate", "`pages`", pages);
      checkFlag("allocate", "`writable`", writable);
    }
    return new AllocatedPages(this.#file, pages ?? 1, domid, writable ?? false);
  }

  has(page: number, count: number): boolean {
    checkPage("look for pages", "`page`", page);
    checkCount("look for pages", "`count`", count);
    return this.#file.has(page, count);
  }

  map(page: number, count: number, options?: { writable?: true }): WritableMapping;
  map(page: number, count: number, options: { writable?: boolean }): Mapping;
  map(page: number, count: number, options: { writable?: boolean } = {}): Mapping {
    checkPage("map", "`page`", page);
    checkCount("map", "`count`", count);
    checkOptions("map", options);
    const { writable = true } = options;
    checkFlag("map", "`writable`", writable);
    return this.#file.map(page, count, writable);
  }

  free(page: number, count: number): void {
    checkPage("free", "`page`", page);
    checkCount("free", "`count`", count);
    this.#file.free(page, count, true);
  }

  setUnmapNotify(page: number, notify: UnmapNotify): void {
    checkPage("set the unmap notify", "`page`", page);
    this.#file.setUnmapNotify(page, checkNotify(notify));
  }

  inspect(): AllocatorReport {
    return this.#file.inspect();
  }

  close(): void {
    if (this.closed) return;
    try {
      this.#file.close();
    } finally {
      // Not if the backend is in the middle of a call.
      if (this.closed) this.#onClose(this);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
