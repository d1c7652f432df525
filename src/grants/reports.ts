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
  /** The number of pages that may be live, or `Infinity`: the value when it was last read. */
  readonly limit: number;
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
  /** The open allocators, in the order in which they were opened. */
  readonly allocators: readonly AllocatorReport[];
}
