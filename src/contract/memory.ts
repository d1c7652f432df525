/** Memory that a backend has mapped into this process. */
export interface MappedMemory {
  /**
   * All of the memory. If it was mapped read-only, nobody may write through this view; the library never hands it out.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Whether the system has ended the mapping by itself, so that nothing is lost if it is never unmapped. Only a
   * simulation can: there, a process may die before this program. Absent if that cannot happen.
   */
  readonly ended?: boolean;
  /**
   * Ends the mapping. Called once. Afterwards, no view of it reaches unmapped memory, no matter who holds the view.
   *
   * @throws {GrantError} if the system refuses. The mapping counts as ended anyway.
   */
  unmap(): void;
}

/** Pages of other domains, mapped into this process. */
export interface PeerMemory extends MappedMemory {
  /**
   * The memory in several parts, in order, if the system cannot map the pages next to each other; `bytes` is then
   * empty. Otherwise absent.
   */
  readonly parts?: readonly Uint8Array<ArrayBuffer>[] | undefined;
  /**
   * Sets, replaces or cancels the unmap notify of the mapping. There is one for all its pages. It fires once, when the
   * mapping ends.
   *
   * @param notify What happens then; nothing if both entries are absent. The byte counts from the start of the mapping,
   * which must be writable to clear one.
   * @throws {GrantError} if the system refuses. The previous notify stays.
   */
  setUnmapNotify(notify: UnmapNotify): void;
}

/**
 * What the kernel does when this side lets go of memory for good: of a shared page, when it is freed and no longer
 * mapped here; of a mapping, when it is unmapped; of either, when the process ends or is killed. If the other side
 * still maps the page then, it sees the cleared byte. This is the notify that the ioctl `SET_UNMAP_NOTIFY` sets.
 */
export interface UnmapNotify {
  /** The byte to clear: 0 to 4095 in a page, or an offset in a mapping. */
  readonly clearByte?: number | undefined;
  /** The local port on which to send an event, after the byte is cleared. */
  readonly eventPort?: number | undefined;
}
