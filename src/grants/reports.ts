/** What an allocator holds. */
export interface AllocatorReport {
  /** Pages that count toward the limit. */
  readonly live: number;
  /** Pages that are allocated and not freed. */
  readonly listed: number;
  /** Mappings of its pages in this process. */
  readonly mappings: number;
  /** The index that the next page will get. */
  readonly next: number;
}

/** What the books know about one allocation. */
export interface AllocationFacts {
  /** The domain that may map the pages. */
  readonly domid: number;
  /** Whether that domain may write to them. */
  readonly writable: boolean;
  /** The index of the first page in its allocator. */
  readonly page: number;
  /** The number of pages. */
  readonly pages: number;
  /** Their grant references, in order. */
  readonly grefs: readonly number[];
  /** The mappings of these pages in this process that were made by `share()` or by `map()` of the pages. */
  readonly mappings: number;
  /** How many of the pages have been freed. */
  readonly freed: number;
  /** Which pages have been freed, counted from 0 at the start of the allocation. */
  readonly freedPages: readonly number[];
}

/** An allocation of which pages are left: not freed, or freed but still mapped in this process. */
export interface AllocationReport extends AllocationFacts {
  /** How long ago the pages were allocated, in milliseconds. */
  readonly age: number;
  /** Where they were allocated: the frames of the call stack, one a line. */
  readonly stack: string;
}

/** What a device holds, in pages. */
export interface DeviceReport {
  /**
   * The number of pages that may be live, or `Infinity`: the value when it was last read. `undefined` if it never was,
   * and cannot be read now.
   */
  readonly limit: number | undefined;
  /** Pages that count toward the limit. */
  readonly live: number;
  /** Pages that are allocated and not freed. Those of a closed allocator count while a mapping keeps them alive. */
  readonly listed: number;
  /** Pages that are mapped in this process. */
  readonly mapped: number;
  /**
   * Freed pages to which access has not ended, because the peer still maps them or because ending it failed. Each
   * allocation, free, unmap and close tries again. Linux since 5.17 takes over pages that the peer maps: they are not
   * counted here.
   */
  readonly pending: number;
  /**
   * Freed pages, and pages of closed allocators, that are still mapped in this process. They stay live until they are
   * unmapped.
   */
  readonly freedMapped: number;
  /** The open allocators, in the order in which they were opened. */
  readonly allocators: readonly AllocatorReport[];
  /**
   * The allocations that hold pages, in the order in which they were made. `undefined` unless the device was created
   * with `trackAllocations: true`.
   */
  readonly allocations: readonly AllocationReport[] | undefined;
}
