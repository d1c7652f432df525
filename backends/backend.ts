/**
 * The seam between the library and what it runs on: the types of a backend, and the size of a page.
 *
 * A backend does what a driver asks of Xen and of memory, and decides nothing: which pages exist, who uses them and when
 * access to one ends is kept by the core. Whoever writes a backend proves it with the suite in `test/conformance.ts`.
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
   * Maps pages that a domain granted to this one, next to each other and in the given order: all of them, or none.
   *
   * @param domid The domain that granted them.
   * @param grefs Their grant references.
   * @param writable Whether this domain writes to them.
   * @throws {GrantError} if one cannot be mapped; nothing is left mapped.
   */
  map(domid: number, grefs: readonly number[], writable: boolean): MappedMemory;
  /** Closes the file. Called once, when no mapping made through it is left. */
  close(): void;
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

/**
 * What happens when this side lets go of a page for good: when it is freed and no longer mapped here, or its process dies. The
 * peer may still map it then, and sees the byte. It is the notify that the ioctl `SET_UNMAP_NOTIFY` sets.
 */
export interface UnmapNotify {
  /** The byte of the page that is cleared, 0 to 4095. */
  readonly clearByte?: number;
  /** The local port of the event channel on which an event is sent, after the byte is cleared. */
  readonly eventPort?: number;
}

/** Bytes in a page: what a grant reference shares. */
export const PAGE_SIZE = 4096;
