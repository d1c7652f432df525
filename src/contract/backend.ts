/**
 * The seam between the library and what it runs on: the types of a backend, and the size of a page.
 *
 * A backend does what a driver asks of Xen and of memory, and decides nothing: which pages exist, who uses them and when
 * access to one ends is kept by the core. Whoever writes a backend proves it with the suite in `test/conformance/mod.ts`.
 *
 * @module
 */

/** What the granter's side is made of: the device `/dev/xen/gntalloc`, or its likeness on a simulated machine. */
export interface GrantBackend {
  /** How error messages call it, for example `"mock"` or `"/dev/xen/gntalloc"`. */
  readonly name: string;
  /** Where the limit is raised, for error messages: `"/sys/module/xen_gntalloc/parameters/limit"`, for example. */
  readonly limitName: string;
  /**
   * The number of pages that all files of this system may hold together: a whole number, or `Infinity` where there is no
   * limit. Asked when a file is opened, and again before an allocation is refused because of it.
   *
   * @throws {GrantError} if the system cannot be asked at all.
   */
  limit(): number;
  /**
   * Opens a file: pages granted through it belong to it, and page indices count from 0 in each.
   *
   * @throws {GrantError} if the system refuses; nothing is left open.
   */
  open(): GrantFile;
}

/**
 * One open file of a {@linkcode GrantBackend}.
 *
 * A granted page is named by its index in the file and by its grant reference. The caller never names a page that was not
 * granted, never maps a run that crosses from one grant into another, and ends access to a page only after its last
 * mapping here is gone.
 */
export interface GrantFile {
  /**
   * Grants `count` fresh, zeroed pages to a domain. They become the pages from `page` on, and the first `count` entries of
   * `grefs` their references, which the caller hands over as zeros: reference 0 is reserved by Xen.
   *
   * @param page The index of the first page.
   * @param count The number of pages, at least 1.
   * @param domid The domain that may map them.
   * @param writable Whether it may write to them.
   * @param grefs Where the references go, in order.
   * @throws {GrantError} if not all could be granted. As many first entries of `grefs` as are not zero then, so many pages
   * have been granted all the same, and the caller ends access to them.
   */
  grant(page: number, count: number, domid: number, writable: boolean, grefs: Uint32Array): void;
  /**
   * Ends the peer's access to a run of pages and gives their memory back, firing each page's unmap notify. To ask whether
   * a page is still mapped and to end access to it is one step: the peer cannot map it in between.
   *
   * @param page The index of the first page.
   * @param count The number of pages, at least 1.
   * @param grefs Their references, in the first `count` entries.
   * @returns The offsets from `page` of the pages to which access has not ended, mostly as the peer still maps them, ascending:
   * the caller asks again later. Empty where there is none. A system that frees such pages by itself does not name them.
   * @throws {GrantError} if access to no page of the run has ended.
   */
  endAccess(page: number, count: number, grefs: Uint32Array): readonly number[];
  /**
   * Optional: takes a function by which the backend tells that a page may be asked for again, which {@linkcode endAccess} has
   * named as not ended. Called once, right after the file was opened.
   *
   * Of a file with this method a page that was named waits until it is told of, so that it costs nothing meanwhile. Without it
   * all such pages are asked for at each operation. Pages to which access could not be ended for another reason are asked for at
   * each operation in any case.
   *
   * @param tell Takes the index of the page. It may be called at any time, in the middle of a call too; for a page that does not
   * wait it does nothing. It never throws.
   */
  whenLetGo?(tell: (page: number) => void): void;
  /**
   * Maps a run of pages of one grant into this process.
   *
   * @param page The index of the first page.
   * @param count The number of pages, at least 1.
   * @param gref The reference of the first page.
   * @param writable Whether this process writes to them; the peer's right to do so does not matter here.
   * @throws {GrantError} if the system refuses; nothing is left mapped.
   */
  map(page: number, count: number, gref: number, writable: boolean): MappedMemory;
  /**
   * Sets, changes or cancels the unmap notify of one page. It fires once, when access to the page ends.
   *
   * @param page The index of the page.
   * @param gref Its reference.
   * @param notify What happens then; with neither entry, nothing.
   * @throws {GrantError} if the system refuses; what was set before stays.
   */
  setUnmapNotify(page: number, gref: number, notify: UnmapNotify): void;
  /** Closes the file. Called once, when access to all its pages has ended and no mapping of them is left. */
  close(): void;
}

/** What the peer's side is made of: the device `/dev/xen/gntdev`, or its likeness on a simulated machine. */
export interface MapBackend {
  /** How error messages call it, for example `"mock"` or `"/dev/xen/gntdev"`. */
  readonly name: string;
  /**
   * Opens a file through which grants of other domains are mapped.
   *
   * @throws {GrantError} if the system refuses; nothing is left open.
   */
  open(): MapFile;
}

/** One open file of a {@linkcode MapBackend}. */
export interface MapFile {
  /**
   * Maps pages that other domains granted to this one, next to each other and in the given order: all of them, or none.
   *
   * @param domid The domain that granted them: one for all, or one for each reference.
   * @param grefs Their grant references.
   * @param writable Whether this domain writes to them.
   * @throws {GrantError} if one cannot be mapped; nothing is left mapped.
   */
  map(domid: number | readonly number[], grefs: readonly number[], writable: boolean): PeerMemory;
  /**
   * Copies bytes between granted pages and memory of this process, or from one granted page to another, without mapping them.
   * One segment that cannot be copied does not keep the others from it.
   *
   * @param segments What to copy, at least one: each with a granted page on one side at least, and never beyond its end.
   * @returns A status for each segment, as Xen's public header `grant_table.h` numbers them: 0 where it was copied.
   * @throws {GrantError} if the system refuses all of them: what was copied until then is not known.
   */
  copy(segments: readonly CopySegment[]): readonly number[];
  /** Closes the file. Called once, when no mapping made through it is left. */
  close(): void;
}

/** Bytes inside one granted page. */
export interface GrantPlace {
  /** The domain that granted the page. */
  readonly domid: number;
  /** Its grant reference. */
  readonly gref: number;
  /** The first byte in the page. */
  readonly offset: number;
}

/** One piece of a grant copy. Memory of this process is the library's own, not the caller's, and as long as the piece. */
export interface CopySegment {
  /** Where the bytes are. */
  readonly from: GrantPlace | Uint8Array<ArrayBuffer>;
  /** Where they go. */
  readonly to: GrantPlace | Uint8Array<ArrayBuffer>;
  /** The number of bytes, 1 to 4096. */
  readonly length: number;
}

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

/** What event channels are made of: the device `/dev/xen/evtchn`, or its likeness on a simulated machine. */
export interface EventBackend {
  /** How error messages call it, for example `"mock"` or `"/dev/xen/evtchn"`. */
  readonly name: string;
  /**
   * Opens a file, through which ports are bound.
   *
   * @throws {GrantError} if the system refuses; nothing is left open.
   */
  open(): EventFile;
}

/**
 * One open file of an {@linkcode EventBackend}.
 *
 * A port is named by its number in this domain. The caller names only ports that it bound through this file and has not
 * unbound. An event has no content and no count: several that are sent may come as fewer, but one comes after the last.
 */
export interface EventFile {
  /**
   * Makes a port to which a domain may bind one of its own.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindUnbound(domid: number): number;
  /**
   * Makes a port bound to a domain's port, which that domain made for this one. As events may have been sent before, one is
   * pending on the new port.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindInterdomain(domid: number, remotePort: number): number;
  /**
   * Makes a port for the events that Xen itself sends under a number.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindVirq(virq: number): number;
  /**
   * Sends an event to the other end of a port. Where nobody is bound to it there, nothing happens.
   *
   * @throws {GrantError} if the system refuses.
   */
  notify(port: number): void;
  /**
   * Takes the ports on which events have come, each of which is masked from then on: it is not named again before it is
   * unmasked. Never waits.
   *
   * @returns The ports; none where nothing has come.
   * @throws {GrantError} if the system refuses.
   */
  pending(): readonly number[];
  /**
   * Unmasks a port. If an event has come meanwhile, the port is pending at once.
   *
   * @throws {GrantError} if the system refuses.
   */
  unmask(port: number): void;
  /**
   * Calls back once, when {@linkcode EventFile.pending} may have something to say or fails: never before this returns, and not
   * after the returned function was called. Called again only after that. Until one of the two, the process stays alive.
   *
   * @returns Stops waiting; called any number of times.
   * @throws {GrantError} if the system cannot wait; then nobody is called back.
   */
  whenPending(callback: () => void): () => void;
  /**
   * Unbinds a port. Events that came on it are forgotten.
   *
   * @throws {GrantError} if the system refuses.
   */
  unbind(port: number): void;
  /** Closes the file. Called once, when nobody waits; ports that are still bound are unbound. */
  close(): void;
}

/** Bytes in a page: what a grant reference shares. */
export const PAGE_SIZE = 4096;
