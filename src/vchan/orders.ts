/**
 * The sizes of rings. A ring has 2^order bytes. One of 1 KiB or 2 KiB is inside the shared page, at the offset that is
 * also its size; a larger one has pages of its own.
 *
 * @module
 */
import { PAGE_SIZE } from "../contract/limits.ts";
import { GRANTS_AT } from "./layout.ts";

const SMALLEST = 10;
const LARGEST = 20;
/** The order of a ring of one page. */
const PAGE = 12;

/** The most bytes of a ring. */
export const MOST_BYTES: number = 2 ** LARGEST;

/** The orders of both rings. */
export interface Orders {
  /** That of the ring from the client to the server. */
  readonly left: number;
  /** That of the ring from the server to the client. */
  readonly right: number;
}

/** How many pages of its own a ring has. */
export function pagesOf(order: number): number {
  return order < PAGE ? 0 : 2 ** (order - PAGE);
}

/** Where a ring is in the shared page; `undefined` if it has pages of its own. */
export function placeInPage(order: number): number | undefined {
  return order < PAGE ? 2 ** order : undefined;
}

/**
 * Chooses the rings of a server, as libxenvchan does: the smallest that fit, of which at most one may share a place
 * with the other.
 *
 * @param readSize How many bytes the server wants the client to be able to write ahead, 0 to 1,048,576.
 * @param writeSize How many bytes the server wants to be able to write ahead, likewise.
 */
export function chooseOrders(readSize: number, writeSize: number): Orders {
  if (readSize <= 1024 && writeSize <= 2048) return { left: 10, right: 11 };
  if (readSize <= 2048 && writeSize <= 1024) return { left: 11, right: 10 };
  if (readSize <= 2048) return { left: 11, right: orderOf(writeSize) };
  if (writeSize <= 2048) return { left: orderOf(readSize), right: 11 };
  return { left: orderOf(readSize), right: orderOf(writeSize) };
}

/** The smallest order of a ring with pages of its own that has room for some bytes. */
function orderOf(size: number): number {
  let order = PAGE;
  while (2 ** order < size) order++;
  return order;
}

/**
 * Says why there can be no rings of these orders, or returns `undefined` if there can.
 *
 * The rules are those of libxenvchan's client, and one that it lacks: the references must end before a ring that is in
 * the page.
 */
export function faultOf({ left, right }: Orders): string | undefined {
  for (const order of [left, right]) {
    if (order < SMALLEST || order > LARGEST) return `an order must be from ${SMALLEST} to ${LARGEST}`;
  }
  if (left === right && left < PAGE) return "both rings would be in the same place";
  const end = GRANTS_AT + 4 * (pagesOf(left) + pagesOf(right));
  const ring = Math.min(placeInPage(left) ?? PAGE_SIZE, placeInPage(right) ?? PAGE_SIZE);
  return end > ring ? `the references would end at byte ${end}, inside the ring at byte ${ring}` : undefined;
}
