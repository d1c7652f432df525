/**
 * Requests and responses of a disk, byte by byte, as Xen's public header `io/blkif.h` lays them out on 64-bit
 * processors.
 *
 * ```text
 * read, write, flush          discard                    indirect
 *  0  u8   operation           0  u8   operation: 5       0  u8   operation: 6
 *  1  u8   segments            1  u8   flag, 1: secure    1  u8   the operation: 0 or 1
 *  8  u64  id                  8  u64  id                 2  u16  segments
 * 16  u64  sector             16  u64  sector             8  u64  id
 * 24       11 segments        24  u64  sectors           16  u64  sector
 *                                                        28  u32  8 references of pages full of segments
 * a segment, direct (indirect)         a response
 *  0  u32  gref                         0  u64  id
 *  4  u8   first sector in the page     8  u8   operation
 *  5  u8   last sector in the page     10  s16  status
 *  8 (8)   the next one
 * ```
 *
 * A sector has 512 bytes, whatever the sector size of the disk is.
 *
 * @module
 */
import { PAGE_SIZE } from "../../mod.ts";

/** What a request asks for. */
export const Operation = { Read: 0, Write: 1, Barrier: 2, Flush: 3, Discard: 5, Indirect: 6 } as const;

/** What became of a request. */
export const Status = { Okay: 0, Error: -1, Unsupported: -2 } as const;

/** How many bytes a slot of the ring has: those of the largest request, padded. */
export const SLOT_SIZE = 112;
/** How many bytes of a slot a response has. */
export const RESPONSE_SIZE = 12;
/** The unit of sector numbers, in bytes. */
export const SECTOR = 512;
/** How many sectors a page has. */
export const SECTORS_IN_PAGE: number = PAGE_SIZE / SECTOR;
/** The most segments of a direct request, and of an indirect one whose segments are in one page. */
export const MOST_DIRECT = 11;
export const MOST_INDIRECT = 512;
/** How many bytes a segment takes. */
export const SEGMENT_SIZE = 8;
/** The most pages of segments of an indirect request. */
export const INDIRECT_PAGES = 8;

const SEGMENTS_AT = 24;
const INDIRECT_AT = 28;

/** Neighbouring sectors of a page. */
export interface Segment {
  readonly gref: number;
  /** The first sector in the page, and the last one, which is included: 0 to 7. */
  readonly first: number;
  readonly last: number;
}

/** Writes requests into a buffer of its own. Each call overwrites what the last one has returned. */
export class RequestEncoder {
  readonly #bytes = new Uint8Array(SLOT_SIZE);
  readonly #view = new DataView(this.#bytes.buffer);

  /** A read, a write, a flush or a barrier. */
  direct(operation: number, id: number, sector: number, segments: readonly Segment[]): Uint8Array {
    this.#begin(operation, id, sector);
    this.#view.setUint8(1, segments.length);
    putSegments(this.#view, SEGMENTS_AT, segments);
    return this.#bytes;
  }

  /** A read or a write whose segments are in a page of their own. */
  indirect(operation: number, id: number, sector: number, count: number, gref: number): Uint8Array {
    this.#begin(Operation.Indirect, id, sector);
    this.#view.setUint8(1, operation);
    this.#view.setUint16(2, count, true);
    this.#view.setUint32(INDIRECT_AT, gref, true);
    return this.#bytes;
  }

  discard(id: number, sector: number, sectors: number, isSecure: boolean): Uint8Array {
    this.#begin(Operation.Discard, id, sector);
    this.#view.setUint8(1, isSecure ? 1 : 0);
    putNumber(this.#view, 24, sectors);
    return this.#bytes;
  }

  #begin(operation: number, id: number, sector: number): void {
    this.#bytes.fill(0);
    this.#view.setUint8(0, operation);
    putNumber(this.#view, 8, id);
    putNumber(this.#view, 16, sector);
  }
}

/** Writes segments into a request, or into a page of them. */
export function putSegments(view: DataView, at: number, segments: readonly Segment[]): void {
  let start = at;
  for (const { gref, first, last } of segments) {
    view.setUint32(start, gref, true);
    view.setUint8(start + 4, first);
    view.setUint8(start + 5, last);
    start += SEGMENT_SIZE;
  }
}

/** Reads segments out of a request, or out of a page of them. */
export function getSegments(view: DataView, at: number, count: number): Segment[] {
  return Array.from({ length: count }, (_, index) => {
    const start = at + index * SEGMENT_SIZE;
    return { gref: view.getUint32(start, true), first: view.getUint8(start + 4), last: view.getUint8(start + 5) };
  });
}

/** What the backend reads out of a slot. None of it has been checked. */
export interface Request {
  /** What it asks for; of an indirect request, what it asks for indirectly. */
  readonly operation: number;
  /** The operation to name in the response. */
  readonly answers: number;
  /** The id, which means something to the frontend alone. */
  readonly id: Uint8Array;
  readonly sector: number;
  /** Of a direct request. */
  readonly segments: readonly Segment[];
  /** Of an indirect request: how many segments there are, and the pages that have them. */
  readonly indirect: { readonly count: number; readonly grefs: readonly number[] } | undefined;
  /** Of a discard. */
  readonly sectors: number;
  /** How many segments a direct request claims to have. */
  readonly claimed: number;
}

/** Reads the copy of a slot. */
export function decodeRequest(bytes: Uint8Array): Request {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const operation = view.getUint8(0);
  const common = { id: bytes.slice(8, 16), sector: getNumber(view, 16) };
  const none = { segments: [], indirect: undefined, sectors: 0, claimed: 0 };
  if (operation === Operation.Discard) {
    return { ...common, ...none, operation, answers: operation, sectors: getNumber(view, 24) };
  }
  const second = view.getUint8(1);
  if (operation === Operation.Indirect) {
    const count = view.getUint16(2, true);
    const pages = Math.min(INDIRECT_PAGES, Math.ceil(count / MOST_INDIRECT));
    const grefs = Array.from({ length: pages }, (_, index) => view.getUint32(INDIRECT_AT + 4 * index, true));
    return { ...common, ...none, operation: second, answers: second, indirect: { count, grefs } };
  }
  const segments = getSegments(view, SEGMENTS_AT, Math.min(second, MOST_DIRECT));
  return { ...common, ...none, operation, answers: operation, segments, claimed: second };
}

/** Writes a response. */
export function encodeResponse(id: Uint8Array, operation: number, status: number): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_SIZE);
  bytes.set(id);
  const view = new DataView(bytes.buffer);
  view.setUint8(8, operation);
  view.setInt16(10, status, true);
  return bytes;
}

/** What the frontend reads out of a slot. None of it has been checked. */
export interface Response {
  readonly id: number;
  readonly operation: number;
  readonly status: number;
}

/** Reads the copy of a response. */
export function decodeResponse(bytes: Uint8Array): Response {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { id: getNumber(view, 0), operation: view.getUint8(8), status: view.getInt16(10, true) };
}

const LOW = 2 ** 32;

function putNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % LOW, true);
  view.setUint32(at + 4, Math.floor(value / LOW), true);
}

/** A number that is too large to be exact is larger than any that was put. */
function getNumber(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * LOW + view.getUint32(at, true);
}
