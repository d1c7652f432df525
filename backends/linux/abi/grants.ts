/**
 * Encodes the requests of Linux's `/dev/xen/gntalloc` and `/dev/xen/gntdev`, following the public headers
 * `<xen/gntalloc.h>` and `<xen/gntdev.h>`. Makes no system calls.
 *
 * Every layout holds for x86-64 and aarch64: little-endian, 64 bits. An `index` is an offset in a file, in bytes. It is
 * a multiple of 4096, except that of an unmap notify, which may point inside a page. `test/golden/abi.json` has the
 * bytes that a C compiler produces for the same requests.
 *
 * @module
 */

import { MAX_UINT32 } from "../../../src/contract/limits.ts";
import { fitting, getIndex, ioc, MAX_UINT16, putIndex } from "./fields.ts";

/** Request number of {@linkcode encodeAllocGref}, for gntalloc. */
export const IOCTL_GNTALLOC_ALLOC_GREF = ioc("G", 5, 24);
/** Request number of {@linkcode encodeRun}, for gntalloc. */
export const IOCTL_GNTALLOC_DEALLOC_GREF = ioc("G", 6, 16);
/** Request number of {@linkcode encodeUnmapNotify}, for gntalloc and gntdev. */
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

/** Bytes before the references of a request. */
const HEAD_SIZE = 16;
/** Offset of the index in a request with references. */
const INDEX_OFFSET = 8;
/** Bytes of a reference in an allocation. */
const GREF_SIZE = 4;
/** Bytes of a reference and its domid in a mapping. */
const REF_SIZE = 8;
/** Bytes of a request with one reference, as C sees it. The kernel copies as many both ways, whatever the count is. */
const MIN_SIZE = 24;

/** Bytes of a {@linkcode encodeRun} request. */
export const RUN_SIZE = 16;
/** Bytes of a {@linkcode encodeUnmapNotify} request. */
export const UNMAP_NOTIFY_SIZE = 16;

/** Returns the bytes of an {@linkcode encodeAllocGref} request for `count` pages. */
export function allocGrefSize(count: number): number {
  return Math.max(MIN_SIZE, HEAD_SIZE + GREF_SIZE * count);
}

/** Returns the bytes of an {@linkcode encodeMapGrantRef} request for `count` references. */
export function mapGrantRefSize(count: number): number {
  return Math.max(MIN_SIZE, HEAD_SIZE + REF_SIZE * count);
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
  view.setUint16(0, fitting("domid", domid, MAX_UINT16), true);
  view.setUint16(2, fitting("flags", flags, MAX_UINT16), true);
  view.setUint32(4, fitting("count", count, MAX_UINT32), true);
  putIndex(view, INDEX_OFFSET, 0);
}

/**
 * Reads the kernel's answer to {@linkcode encodeAllocGref}.
 *
 * @param grefs Receives the `count` references.
 * @returns The index of the first page, in bytes.
 * @throws {RangeError} if a JavaScript number cannot hold the index exactly.
 */
export function decodeAllocGref(view: DataView, count: number, grefs: Uint32Array): number {
  for (let i = 0; i < count; i++) grefs[i] = view.getUint32(HEAD_SIZE + GREF_SIZE * i, true);
  return getIndex(view, INDEX_OFFSET);
}

/**
 * Writes a request that names a run of pages: for gntalloc to deallocate, or for gntdev to unmap.
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
  view.setUint32(8, fitting("count", count, MAX_UINT32), true);
  view.setUint32(12, 0, true);
}

/**
 * Writes an unmap notify: the index of the byte to clear, the actions, and the local port of an event channel.
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
  view.setUint32(8, fitting("action", action, MAX_UINT32), true);
  view.setUint32(12, fitting("event channel port", port, MAX_UINT32), true);
}

/**
 * Writes a request to map grants side by side.
 *
 * ```text
 * 0                 4                 8                                16                20
 * | count           | padding         | index (out)                     | domid           | ref       | … count times
 * ```
 *
 * @param domid The domain that granted the pages: one for all, or one for each reference.
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeMapGrantRef(view: DataView, domid: number | readonly number[], grefs: readonly number[]): void {
  view.setUint32(0, grefs.length, true);
  view.setUint32(4, 0, true);
  putIndex(view, INDEX_OFFSET, 0);
  let offset = HEAD_SIZE;
  for (let i = 0; i < grefs.length; i++) {
    view.setUint32(offset, fitting("domid", typeof domid === "number" ? domid : domid[i]!, MAX_UINT32), true);
    view.setUint32(offset + 4, fitting("grant reference", grefs[i]!, MAX_UINT32), true);
    offset += REF_SIZE;
  }
}

/**
 * Reads the kernel's answer to {@linkcode encodeMapGrantRef}.
 *
 * @returns The index at which the grants can be mapped, in bytes.
 * @throws {RangeError} if a JavaScript number cannot hold the index exactly.
 */
export function decodeMapGrantRef(view: DataView): number {
  return getIndex(view, INDEX_OFFSET);
}
