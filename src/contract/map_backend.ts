import type { PeerMemory } from "./memory.ts";

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
