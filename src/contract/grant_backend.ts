import type { MappedMemory, UnmapNotify } from "./memory.ts";

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
  onRelease?(tell: (page: number) => void): void;
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
