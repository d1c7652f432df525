import type { PeerMemory } from "./memory.ts";

/** The peer's side: the device `/dev/xen/gntdev`, or a simulation of it. */
export interface MapBackend {
  /** The name used in error messages, for example `"mock"` or `"/dev/xen/gntdev"`. */
  readonly name: string;
  /**
   * Opens a file through which grants of other domains are mapped and copied.
   *
   * @throws {GrantError} if the system refuses. Nothing is left open.
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
   * @throws {GrantError} if one of them cannot be mapped. Nothing is left mapped.
   */
  map(domid: number | readonly number[], grefs: readonly number[], writable: boolean): PeerMemory;
  /**
   * Copies bytes between granted pages and memory of this process, or between two granted pages, without mapping them.
   * A segment that cannot be copied does not stop the others.
   *
   * @param segments What to copy, at least one segment. Each has a granted page on at least one side, and stays within
   * that page.
   * @returns A status for each segment, as numbered in Xen's public header `grant_table.h`: 0 if it was copied,
   * negative otherwise.
   * @throws {GrantError} if the system refuses the whole request. How much was copied before that is unknown.
   */
  copy(segments: readonly CopySegment[]): readonly number[];
  /** Closes the file. Called once, after all its mappings have ended. */
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

/**
 * One segment of a grant copy. An array is the library's own memory, never the caller's, and has the length of the
 * segment.
 */
export interface CopySegment {
  /** The source. */
  readonly from: GrantPlace | Uint8Array<ArrayBuffer>;
  /** The destination. */
  readonly to: GrantPlace | Uint8Array<ArrayBuffer>;
  /** The number of bytes, 1 to 4096. */
  readonly length: number;
}
