import type { MappedMemory, UnmapNotify } from "./memory.ts";

/** The granter's side: the device `/dev/xen/gntalloc`, or a simulation of it. */
export interface GrantBackend {
  /** The name used in error messages, for example `"mock"` or `"/dev/xen/gntalloc"`. */
  readonly name: string;
  /** Where to raise the limit, for error messages, for example `"/sys/module/xen_gntalloc/parameters/limit"`. */
  readonly limitName: string;
  /**
   * The number of pages that all files of this system may hold together: a whole number, or `Infinity` if there is no
   * limit. Called when a file is opened, and again before an allocation is refused because of the limit.
   *
   * @throws {GrantError} if the system cannot be asked at all.
   */
  limit(): number;
  /**
   * Opens a file. Pages granted through a file belong to it; page indices start at 0 in each file.
   *
   * @throws {GrantError} if the system refuses. Nothing is left open.
   */
  open(): GrantFile;
}

/**
 * One open file of a {@linkcode GrantBackend}.
 *
 * A granted page is named by its index in the file and by its grant reference. The caller names only granted pages,
 * never maps a run that crosses from one grant into another, and ends access to a page only after its last mapping in
 * this process has ended.
 */
export interface GrantFile {
  /**
   * Grants a domain access to `count` new, zeroed pages. Their indices begin at `page`. Their references are written to
   * the first `count` entries of `grefs`, which the caller has set to 0: Xen reserves reference 0.
   *
   * @param page The index of the first page.
   * @param count The number of pages, at least 1.
   * @param domid The domain that may map them.
   * @param writable Whether that domain may write to them.
   * @param grefs Receives the references, in order.
   * @throws {GrantError} if not all pages could be granted. The leading entries of `grefs` that are not 0 then name
   * pages that were granted anyway; the caller ends access to these.
   */
  grant(page: number, count: number, domid: number, writable: boolean, grefs: Uint32Array): void;
  /**
   * Ends the peer's access to a run of pages, fires the unmap notify of each, and gives their memory back. Checking
   * whether a page is still mapped and ending access to it are one step: the peer cannot map it in between.
   *
   * @param page The index of the first page.
   * @param count The number of pages, at least 1.
   * @param grefs Their references, in the first `count` entries.
   * @returns The offsets from `page`, ascending, of the pages to which access has not ended, usually because the peer
   * still maps them. The caller tries those again later. Empty if access to all pages has ended, or if the system frees
   * the rest by itself.
   * @throws {GrantError} if access to no page of the run has ended.
   */
  endAccess(page: number, count: number, grefs: Uint32Array): readonly number[];
  /**
   * Optional. Registers a callback for pages that {@linkcode GrantFile.endAccess} has returned: the backend calls it
   * when access to such a page can be ended. Called once, right after the file was opened.
   *
   * With this method, pages held by a peer cost nothing until they are released. Without it, the library tries all of
   * them again at each operation. Pages to which access could not be ended for another reason are tried again at each
   * operation in either case.
   *
   * @param released Takes the index of the page. The backend may call it at any time, even in the middle of a call. It
   * ignores pages that are not waiting, and never throws.
   */
  readonly onRelease?: ((released: (page: number) => void) => void) | undefined;
  /**
   * Maps a run of pages of one grant into this process.
   *
   * @param page The index of the first page.
   * @param count The number of pages, at least 1.
   * @param gref The reference of the first page.
   * @param writable Whether this process writes to them, which does not depend on whether the peer may.
   * @throws {GrantError} if the system refuses. Nothing is left mapped.
   */
  map(page: number, count: number, gref: number, writable: boolean): MappedMemory;
  /**
   * Sets, replaces or cancels the unmap notify of one page. It fires once, when access to the page ends.
   *
   * @param page The index of the page.
   * @param gref Its reference.
   * @param notify What happens then; nothing if both entries are absent.
   * @throws {GrantError} if the system refuses. The previous notify stays.
   */
  setUnmapNotify(page: number, gref: number, notify: UnmapNotify): void;
  /** Closes the file. Called once, after access to all its pages and all its mappings have ended. */
  close(): void;
}
