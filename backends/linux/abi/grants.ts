/**
 * The requests of Linux's `/dev/xen/gntalloc` and `/dev/xen/gntdev` as bytes, after the public headers `<xen/gntalloc.h>`
 * and `<xen/gntdev.h>`. Pure: no system is called here.
 *
 * Every layout holds for x86-64 and aarch64 alike: little-endian, 64 bits. An `index` is an offset in a file in bytes, a
 * multiple of 4096 but for the unmap notify, which may point inside a page. `test/golden/abi.json` has the same bytes as a
 * C compiler lays them out.
 *
 * @module
 */

import { fitting, getIndex, ioc, putIndex } from "./fields.ts";

/** Request number of {@linkcode encodeAllocGref}, for gntalloc. */
export const IOCTL_GNTALLOC_ALLOC_GREF = ioc("G", 5, 24);
/** Request number of {@linkcode encodeRun}, for gntalloc. */
export const IOCTL_GNTALLOC_DEALLOC_GREF = ioc("G", 6, 16);
/** Request number of {@linkcode encodeUnmapNotify}; gntdev has the same. */
export const IOCTL_GNTALLOC_SET_UNMAP_NOTIFY = ioc("G", 7, 16);
/** Request number of {@linkcode encodeMapGrantRef}, for gntdev. */
export const IOCTL_GNTDEV_MAP_GRANT_REF = ioc("G", 0, 24);
/** Request number of {@linkcode encodeRun}, for gntdev. */
export const IOCTL_GNTDEV_UNMAP_GRANT_REF = ioc("G", 1, 16);

/** Flag of an allocation: the peer may write to the pages. */
export const GNTALLOC_FLAG_WRITABLE = 1;
/** Action of an unmap notify: the byte at the index is cleared. */
export const UNMAP_NOTIFY_CLEAR_BYTE = 1;
/** Action of an unmap notify: an event is sent on the port. */
export const UNMAP_NOTIFY_SEND_EVENT = 2;

const HEAD_SIZE = 16;
const INDEX_OFFSET = 8;
const GREF_SIZE = 4;
const REF_SIZE = 8;

/** Bytes of a {@linkcode encodeRun} request. */
export const RUN_SIZE = 16;
/** Bytes of a {@linkcode encodeUnmapNotify} request. */
export const UNMAP_NOTIFY_SIZE = 16;

/** Bytes of an {@linkcode encodeAllocGref} request for `count` pages: the kernel copies 24 both ways, even for one. */
export function allocGrefSize(count: number): number {
  return Math.max(24, HEAD_SIZE + GREF_SIZE * count);
}

/** Bytes of an {@linkcode encodeMapGrantRef} request for `count` references. */
export function mapGrantRefSize(count: number): number {
  return Math.max(24, HEAD_SIZE + REF_SIZE * count);
}

/**
 * Writes a request for pages.
 *
 * ```text
 * 0        2        4                 8                                16
 * | domid  | flags  | count           | index (out)                     | gref_ids[count] (out), 4 bytes each
 * ```
 *
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeAllocGref(view: DataView, domid: number, flags: number, count: number): void {
  view.setUint16(0, fitting("domid", domid, 0xffff), true);
  view.setUint16(2, fitting("flags", flags, 0xffff), true);
  view.setUint32(4, fitting("count", count, 0xffffffff), true);
  putIndex(view, INDEX_OFFSET, 0);
}

/**
 * Reads what the kernel answered to {@linkcode encodeAllocGref}.
 *
 * @param grefs Where the `count` references go.
 * @returns The index of the first page, in bytes.
 * @throws {RangeError} if the index cannot be kept exactly.
 */
export function decodeAllocGref(view: DataView, count: number, grefs: Uint32Array): number {
  for (let i = 0; i < count; i++) grefs[i] = view.getUint32(HEAD_SIZE + GREF_SIZE * i, true);
  return getIndex(view, INDEX_OFFSET);
}

/**
 * Writes the name of a run of pages: what gntalloc deallocates, and what gntdev unmaps.
 *
 * ```text
 * 0                                 8                 12                16
 * | index                           | count           | padding         |
 * ```
 *
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeRun(view: DataView, index: number, count: number): void {
  putIndex(view, 0, index);
  view.setUint32(8, fitting("count", count, 0xffffffff), true);
  view.setUint32(12, 0, true);
}

/**
 * Writes an unmap notify: the byte at the index, what to do, and the local port of an event channel.
 *
 * ```text
 * 0                                 8                 12                16
 * | index                           | action          | port            |
 * ```
 *
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeUnmapNotify(view: DataView, index: number, action: number, port: number): void {
  putIndex(view, 0, index);
  view.setUint32(8, fitting("action", action, 0xffffffff), true);
  view.setUint32(12, fitting("event channel port", port, 0xffffffff), true);
}

/**
 * Writes a request to map grants next to each other.
 *
 * ```text
 * 0                 4                 8                                16                20
 * | count           | padding         | index (out)                     | domid           | ref       | … count times
 * ```
 *
 * @param domid The domain that granted them: one for all, or one for each reference.
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeMapGrantRef(view: DataView, domid: number | readonly number[], grefs: readonly number[]): void {
  view.setUint32(0, grefs.length, true);
  view.setUint32(4, 0, true);
  putIndex(view, INDEX_OFFSET, 0);
  let offset = HEAD_SIZE;
  for (let i = 0; i < grefs.length; i++) {
    view.setUint32(offset, fitting("domid", typeof domid === "number" ? domid : domid[i]!, 0xffffffff), true);
    view.setUint32(offset + 4, fitting("grant reference", grefs[i]!, 0xffffffff), true);
    offset += REF_SIZE;
  }
}

/**
 * Reads what the kernel answered to {@linkcode encodeMapGrantRef}.
 *
 * @returns The index at which the grants are mapped, in bytes.
 * @throws {RangeError} if the index cannot be kept exactly.
 */
export function decodeMapGrantRef(view: DataView): number {
  return getIndex(view, INDEX_OFFSET);
}
