import { PAGE_SIZE } from "../contract/limits.ts";
import type { UnmapNotify } from "../contract/memory.ts";
import { shorten, showAs } from "../shared/inspection.ts";
import type { WritableMapping } from "../shared/mapping.ts";
import type { AllocateOptions, SharedPages } from "./shared_pages.ts";

/** How many pages to share, and how. */
export interface ShareOptions extends AllocateOptions {
  /**
   * What happens when this side lets go of the pages, even if its process dies: a byte to clear, counted from the start
   * of the share, and a port on which to send an event after that. It belongs to the page of that byte, or to the first
   * page if there is no byte: if you free that page earlier, it happens then. Default is nothing.
   */
  unmapNotify?: UnmapNotify | undefined;
}

/** Pages that are granted to a domain and mapped here. Releasing them ends both. */
export interface Share extends Disposable {
  /** The domain that may map the pages. */
  readonly domid: number;
  /** Whether that domain may write to them. This side always may. */
  readonly writable: boolean;
  /** The index of the first page in its allocator. */
  readonly page: number;
  /** The number of pages. */
  readonly count: number;
  /** Their grant references, in order. The peer needs them to map the pages. */
  readonly grefs: readonly number[];
  /**
   * The shared memory itself, as {@linkcode WritableMapping.bytes}. Its length is 0 once the share has been released.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The pages, for freeing some of them earlier or changing an unmap notify. */
  readonly pages: SharedPages;
  /** The mapping that `bytes` belongs to. */
  readonly mapping: WritableMapping;
  /**
   * Unmaps the pages and frees those that have not been freed. Does nothing if that has been done. Pages that the peer
   * still maps remain accessible to it until it unmaps them.
   *
   * @throws {GrantError} if the system refuses. The share is released anyway.
   */
  release(): void;
  /** Unmaps and frees the pages, like {@linkcode Share.release}. */
  [Symbol.dispose](): void;
}

/**
 * Maps pages that were just allocated, and sets their unmap notify. If that fails, they are freed.
 *
 * @param unmapNotify The notify, already checked. Its byte is counted from the start of the share.
 */
export function mapShare(pages: SharedPages, unmapNotify: UnmapNotify | undefined): Share {
  let mapping: WritableMapping | undefined;
  try {
    mapping = pages.map();
    if (unmapNotify !== undefined) setNotify(pages, unmapNotify);
    return new MappedShare(pages, mapping);
  } catch (error) {
    try {
      release(pages, mapping);
    } catch {
      // The first error is the one that counts.
    }
    throw error;
  }
}

/** Sets the notify of the page that has the byte to clear, or of the first page if there is no byte. */
function setNotify(pages: SharedPages, { clearByte, eventPort }: UnmapNotify): void {
  if (clearByte === undefined) return pages.setUnmapNotify({ eventPort });
  const page = Math.floor(clearByte / PAGE_SIZE);
  pages.setUnmapNotify({ clearByte: clearByte % PAGE_SIZE, eventPort }, page);
}

function release(pages: SharedPages, mapping: WritableMapping | undefined): void {
  try {
    mapping?.unmap();
  } catch (error) {
    try {
      pages[Symbol.dispose]();
    } catch {
      // The first error is the one that counts.
    }
    throw error;
  }
  pages[Symbol.dispose]();
}

class MappedShare implements Share {
  readonly #pages: SharedPages;
  readonly #mapping: WritableMapping;

  constructor(pages: SharedPages, mapping: WritableMapping) {
    this.#pages = pages;
    this.#mapping = mapping;
  }

  get domid(): number {
    return this.#pages.domid;
  }

  get writable(): boolean {
    return this.#pages.writable;
  }

  get page(): number {
    return this.#pages.page;
  }

  get count(): number {
    return this.#pages.count;
  }

  get grefs(): readonly number[] {
    return this.#pages.grefs;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#mapping.bytes;
  }

  get pages(): SharedPages {
    return this.#pages;
  }

  get mapping(): WritableMapping {
    return this.#mapping;
  }

  release(): void {
    release(this.#pages, this.#mapping);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  static {
    showAs(MappedShare, "Share", (share) => ({
      domid: share.domid,
      grefs: shorten(share.grefs),
      writable: share.writable,
      unmapped: share.#mapping.unmapped,
    }));
  }
}
