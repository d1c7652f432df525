/** Memory that a backend has mapped into this process. */
export interface MappedMemory {
  /**
   * The memory, whole. Where it was mapped read-only nobody may write through it, and the library lets nobody else see it.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Ends the mapping. Called once. No view of the memory, whoever holds it, reaches unmapped memory afterwards.
   *
   * @throws {GrantError} if the system refuses. The mapping counts as gone all the same.
   */
  unmap(): void;
}

/** Pages of other domains, mapped into this process. */
export interface PeerMemory extends MappedMemory {
  /**
   * The memory in pieces, in order, where the system cannot bring the pages together: then `bytes` is empty. Absent
   * otherwise.
   */
  readonly parts?: readonly Uint8Array<ArrayBuffer>[];
  /**
   * Sets, changes or cancels the unmap notify of the mapping: one for all its pages. It fires once, when the mapping ends.
   *
   * @param notify What happens then; with neither entry, nothing. The byte counts from the beginning of the mapping, which must
   * be writable for it.
   * @throws {GrantError} if the system refuses; what was set before stays.
   */
  setUnmapNotify(notify: UnmapNotify): void;
}

/**
 * What happens when this side lets go of memory for good: of a page that it shares, when the page is freed and no longer
 * mapped here; of a mapping, when it is unmapped; and when the process dies. The other side may still map the page then, and sees
 * the byte. It is the notify that the ioctl `SET_UNMAP_NOTIFY` sets.
 */
export interface UnmapNotify {
  /** The byte that is cleared: of the page, 0 to 4095, or of the mapping. */
  readonly clearByte?: number;
  /** The local port of the event channel on which an event is sent, after the byte is cleared. */
  readonly eventPort?: number;
}
