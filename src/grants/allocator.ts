import { checkCount, checkDomid, checkFlag, checkPage } from "../contract/checks.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import type { UnmapNotify } from "../contract/memory.ts";
import { checkNotify } from "../contract/notify.ts";
import { isSimple, readOptions } from "../contract/options.ts";
import { showAs } from "../shared/inspection.ts";
import type { Mapping, WritableMapping } from "../shared/mapping.ts";
import type { AllocationTracker, Caller } from "./allocation_tracker.ts";
import type { GrantEngine } from "./engine.ts";
import type { OpenFile } from "./open_file.ts";
import type { AllocatorReport } from "./reports.ts";
import { mapShare, type Share, type ShareOptions } from "./share.ts";
import { AllocatedPages, type AllocateOptions, type SharedPages } from "./shared_pages.ts";

/**
 * One open file of the device. It allocates pages that another domain may map. Closing it frees those that are left.
 *
 * Each page has an index in its allocator. Indices count up from 0, and the index of a freed page is not used again.
 * Usually you need only the handles that {@linkcode GrantAllocator.share} and {@linkcode GrantAllocator.allocate}
 * return. `map`, `free` and `has` take any run of pages by index, across allocations, as the device's own calls do.
 */
export interface GrantAllocator extends Disposable {
  /** Whether the allocator was closed. */
  readonly closed: boolean;
  /**
   * Allocates zeroed pages, grants a domain access to them, and maps them here, in one step. If any part fails, nothing
   * is left allocated.
   *
   * @param domid The domain that may map them, 0 to 32751 (0x7FEF).
   * @param options How many pages, whether the domain may write to them, and an unmap notify.
   * @returns The pages and their memory. Release both with `using` or `release()`.
   * @throws {RangeError} if a number is out of bounds.
   * @throws {GrantError} as {@linkcode GrantAllocator.allocate}, {@linkcode SharedPages.map} and
   * {@linkcode SharedPages.setUnmapNotify}.
   *
   * @example Share a page with domain 0
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using device = new GrantDevice(xen.domain(1));
   * using share = device.open().share(0, { unmapNotify: { clearByte: 4095 } });
   * share.bytes.set(new TextEncoder().encode("hello"));
   *
   * using mapper = new GrantMapper(xen.domain(0));
   * using theirs = mapper.map(1, share.grefs);
   * assert.equal(new TextDecoder().decode(theirs.read(0, 5)), "hello");
   * ```
   */
  share(domid: number, options?: ShareOptions): Share;
  /**
   * Allocates zeroed pages and grants a domain access to them: all of them, or none. They are not mapped here.
   *
   * @param domid The domain that may map them, 0 to 32751 (0x7FEF).
   * @param options How many pages, and whether the domain may write to them.
   * @throws {RangeError} if a number is out of bounds.
   * @throws {GrantError} `limit-reached`, `kernel-limit-reached`, `table-full`, `no-space` or `no-memory` if there is
   * no room for them.
   *
   * @example Grant two pages to domain 0
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
   * Whether all pages of a run are allocated and not freed.
   *
   * @param page The index of the first page.
   * @param count The number of pages.
   */
  has(page: number, count: number): boolean;
  /**
   * Maps a run of pages. If it spans allocations, the memory is in several `parts`.
   *
   * @param page The index of the first page.
   * @param count The number of pages.
   * @param options Whether this process writes to them. Default is true.
   * @throws {GrantError} `not-found` if a page was freed or never allocated; or the system's refusal.
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
  map(page: number, count: number, options?: { writable?: true | undefined }): WritableMapping;
  /** Maps a run of pages, read-only if `writable` is false. */
  map(page: number, count: number, options: { writable?: boolean | undefined }): Mapping;
  /**
   * Frees a run of pages, which may be part of an allocation or span several: all of them, or none.
   *
   * @param page The index of the first page.
   * @param count The number of pages.
   * @throws {GrantError} `not-found` if a page was already freed or never allocated.
   */
  free(page: number, count: number): void;
  /**
   * Sets what happens when access to one page ends. Replaces what was set before.
   *
   * @param page The index of the page.
   * @param notify Which byte of it to clear, and the port on which to send an event. Nothing happens if both are
   * absent.
   * @throws {GrantError} `not-found` if the page is not allocated; `notify-refused` if the port is not bound.
   */
  setUnmapNotify(page: number, notify: UnmapNotify): void;
  /**
   * Counts what the allocator holds.
   *
   * @throws {GrantError} `closed` if the allocator is closed.
   */
  inspect(): AllocatorReport;
  /**
   * Frees all its pages. While any of them is mapped here, all of them stay alive, though they can no longer be used,
   * until it is unmapped. Does nothing if the allocator is closed.
   *
   * @throws {GrantError} if access to a page cannot be ended. The allocator is closed anyway.
   */
  close(): void;
  /** Frees all its pages, like {@linkcode GrantAllocator.close}. */
  [Symbol.dispose](): void;
}

const ALLOCATE_OPTIONS = ["pages", "writable"] as const;

/** An allocator on one file of an engine. */
export class FileAllocator implements GrantAllocator {
  readonly #engine: GrantEngine;
  readonly #open: OpenFile;
  readonly #tracker: AllocationTracker | undefined;
  readonly #onClose: (allocator: FileAllocator) => void;

  constructor(
    engine: GrantEngine,
    tracker: AllocationTracker | undefined,
    onClose: (allocator: FileAllocator) => void,
  ) {
    this.#engine = engine;
    this.#tracker = tracker;
    this.#onClose = onClose;
    this.#open = engine.open();
  }

  get closed(): boolean {
    return this.#open.closed;
  }

  share(domid: number, options?: ShareOptions): Share {
    checkDomid("share", domid);
    const given = readOptions("share", options, ["pages", "writable", "unmapNotify"]);
    const { pages = 1, writable = false, unmapNotify } = given;
    checkCount("share", "`pages`", pages);
    checkFlag("share", "`writable`", writable);
    const notify = unmapNotify === undefined ? undefined : checkNotify(unmapNotify, pages * PAGE_SIZE);
    return mapShare(this.#allocate(pages, domid, writable, this.share), notify);
  }

  allocate(domid: number, options?: AllocateOptions): SharedPages {
    checkDomid("allocate", domid);
    let pages: number | undefined;
    let writable: boolean | undefined;
    if (options !== undefined) {
      if (isSimple(options)) {
        for (const name in options) {
          if (name === "pages") pages = options.pages;
          else if (name === "writable") writable = options.writable;
          else readOptions("allocate", options, ALLOCATE_OPTIONS);
        }
      } else {
        ({ pages, writable } = readOptions("allocate", options, ALLOCATE_OPTIONS));
      }
      if (pages !== undefined) checkCount("allocate", "`pages`", pages);
      checkFlag("allocate", "`writable`", writable);
    }
    return this.#allocate(pages ?? 1, domid, writable ?? false, this.allocate);
  }

  #allocate(pages: number, domid: number, writable: boolean, caller: Caller): AllocatedPages {
    const tracker = this.#tracker;
    if (tracker === undefined) return new AllocatedPages(this.#engine, this.#open, pages, domid, writable);
    return tracker.track(() => new AllocatedPages(this.#engine, this.#open, pages, domid, writable), caller);
  }

  has(page: number, count: number): boolean {
    checkPage("look for pages", "`page`", page);
    checkCount("look for pages", "`count`", count);
    return this.#engine.has(this.#open, page, count);
  }

  map(page: number, count: number, options?: { writable?: true | undefined }): WritableMapping;
  map(page: number, count: number, options: { writable?: boolean | undefined }): Mapping;
  map(page: number, count: number, options?: { writable?: boolean | undefined }): Mapping {
    checkPage("map", "`page`", page);
    checkCount("map", "`count`", count);
    const { writable = true } = readOptions("map", options, ["writable"]);
    checkFlag("map", "`writable`", writable);
    return this.#engine.map(this.#open, page, count, writable, 0);
  }

  free(page: number, count: number): void {
    checkPage("free", "`page`", page);
    checkCount("free", "`count`", count);
    this.#engine.free(this.#open, page, count, true);
  }

  setUnmapNotify(page: number, notify: UnmapNotify): void {
    checkPage("set the unmap notify", "`page`", page);
    this.#engine.setUnmapNotify(this.#open, page, checkNotify(notify));
  }

  inspect(): AllocatorReport {
    return this.#engine.inspect(this.#open);
  }

  close(): void {
    if (this.closed) return;
    try {
      this.#engine.close(this.#open);
    } finally {
      // It is still open if the backend is in the middle of a call.
      if (this.closed) this.#onClose(this);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  static {
    showAs(FileAllocator, "GrantAllocator", (allocator) => {
      if (allocator.closed) return { closed: true };
      const { live, mappings } = allocator.inspect();
      return { live, mappings, closed: false };
    });
  }
}
