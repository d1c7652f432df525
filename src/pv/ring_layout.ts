/**
 * The layout of a shared ring. Source: Xen's public header `io/ring.h`.
 *
 * ```text
 *  0  u32  req_prod    the frontend has put so many requests
 *  4  u32  req_event   the backend wants an event when req_prod reaches this
 *  8  u32  rsp_prod    the backend has put so many responses
 * 12  u32  rsp_event   the frontend wants an event when rsp_prod reaches this
 * 16       48 bytes that each kind of device may use for itself
 * 64       the slots, a power of two of them
 * ```
 *
 * Indices count from the beginning of time, and wrap at 2³². A request and its response share a slot's bytes, but not
 * always the same slot: responses fill the slots in the order in which they are put.
 *
 * @module
 */
import { checkInteger } from "../contract/checks.ts";
import { PAGE_SIZE } from "../contract/limits.ts";

/** Where the slots begin. */
export const SLOTS_AT = 64;

/** The words of the page, by their place. */
export const REQ_PROD = 0;
export const REQ_EVENT = 1;
export const RSP_PROD = 2;
export const RSP_EVENT = 3;
/** How many words there are. */
export const WORDS = 4;

/** The largest slot: one that a page has room for. */
const LARGEST_SLOT = PAGE_SIZE - SLOTS_AT;
/** The most pages of a ring: far more than any kind of device uses. */
const MOST_PAGES = 1024;

/**
 * How many slots a ring has: as many as fit, and a power of two.
 *
 * @param pages How many pages the ring has, 1 to 1024.
 * @param slotSize How many bytes a slot has: the larger one of a request and a response, with the padding that C adds,
 * 1 to 4032.
 * @throws {RangeError} if a number is out of bounds.
 *
 * @example The ring of a disk
 * ```ts
 * import { ringSize } from "@gntalloc/gntalloc/pv";
 * import assert from "node:assert/strict";
 *
 * assert.equal(ringSize(1, 112), 32);
 * assert.equal(ringSize(16, 112), 512);
 * ```
 */
export function ringSize(pages: number, slotSize: number): number {
  const what = "compute the size of a ring";
  checkInteger(what, "`pages`", pages, 1, MOST_PAGES);
  checkSlotSize(what, slotSize);
  return 2 ** Math.floor(Math.log2((pages * PAGE_SIZE - SLOTS_AT) / slotSize));
}

/** Throws unless a value can be the size of a slot. */
export function checkSlotSize(what: string, slotSize: unknown): void {
  checkInteger(what, "`slotSize`", slotSize, 1, LARGEST_SLOT);
}
