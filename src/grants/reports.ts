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
}
