/**
 * Encodes the grant copy of Linux's `/dev/xen/gntdev`, after the public headers `<xen/gntdev.h>` and Xen's
 * `grant_table.h`. Makes no system calls. As in `grants.ts`, every layout holds for x86-64 and aarch64.
 *
 * @module
 */

import { MAX_UINT32 } from "../../../src/contract/limits.ts";
import { fitting, ioc, MAX_UINT16 } from "./fields.ts";

/** Request number of {@linkcode encodeGrantCopy}, for gntdev. */
export const IOCTL_GNTDEV_GRANT_COPY = ioc("G", 8, 16);
/** Flag of a segment: the source is a granted page. */
export const GNTCOPY_SOURCE_GREF = 1;
/** Flag of a segment: the destination is a granted page. */
export const GNTCOPY_DEST_GREF = 2;

/** Bytes of an {@linkcode encodeGrantCopy} request. */
export const GRANT_COPY_SIZE = 16;
/** Bytes of one segment. */
export const COPY_SEGMENT_SIZE = 24;

/** One side of a segment: an address in this process, or bytes of a granted page. */
export type CopySide = bigint | { readonly domid: number; readonly gref: number; readonly offset: number };

/**
 * Writes a request to copy.
 *
 * ```text
 * 0                 4                 8                                16
 * | count           | padding         | address of the segments         |
 * ```
 *
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeGrantCopy(view: DataView, count: number, segments: bigint): void {
  view.setUint32(0, fitting("count", count, MAX_UINT32), true);
  view.setUint32(4, 0, true);
  view.setBigUint64(8, segments, true);
}

/**
 * Writes a segment. The flags tell which form each side has.
 *
 * ```text
 * 0                                 8                                 16        18        20           22
 * | source                          | destination                     | length  | flags   | status (out) | padding
 *
 * a side is | address in this process         |
 * or        | gref            | offset | domid |
 * ```
 *
 * @param offset The offset of the segment in `view`, in bytes.
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeCopySegment(view: DataView, offset: number, from: CopySide, to: CopySide, length: number): void {
  putSide(view, offset, from);
  putSide(view, offset + 8, to);
  view.setUint16(offset + 16, fitting("length", length, MAX_UINT16), true);
  const flags = (typeof from === "bigint" ? 0 : GNTCOPY_SOURCE_GREF) | (typeof to === "bigint" ? 0 : GNTCOPY_DEST_GREF);
  view.setUint16(offset + 18, flags, true);
  view.setUint32(offset + 20, 0, true);
}

/**
 * Reads the kernel's status of a segment: 0, or a negative `GNTST_*` number of Xen, such as -3 for `GNTST_bad_gntref`.
 */
export function decodeCopyStatus(view: DataView, offset: number): number {
  return view.getInt16(offset + 20, true);
}

function putSide(view: DataView, offset: number, side: CopySide): void {
  if (typeof side === "bigint") {
    view.setBigUint64(offset, side, true);
    return;
  }
  view.setUint32(offset, fitting("grant reference", side.gref, MAX_UINT32), true);
  view.setUint16(offset + 4, fitting("offset", side.offset, MAX_UINT16), true);
  view.setUint16(offset + 6, fitting("domid", side.domid, MAX_UINT16), true);
}
