/**
 * What keeps the pages of a domain in use, for the errors of allocations that find no room.
 *
 * @module
 */
import { pages } from "../../src/contract/messages.ts";
import type { DomainState } from "./kernel.ts";
import { ranges } from "./words.ts";

/** The references of the pages that programs have freed, and that are still mapped. */
export function heldPages(domain: DomainState): number[] {
  return [...domain.table.grefs()].filter((gref) => domain.isHeld(gref));
}

/**
 * What holds pages, and what to do about it, as sentences.
 *
 * @param used How many pages are in use.
 * @param held The references of those that were freed, and that are still mapped.
 * @param other What helps in any case.
 */
export function wayOut(domain: DomainState, used: number, held: readonly number[], other: string): string {
  const sentences: string[] = [];
  const holders = new Set(held.map((gref) => domain.table.domid(gref)));
  if (held.length > 0) {
    const were = held.length > 1 ? "were" : "was";
    const map = holders.size > 1 ? `domains ${ranges([...holders])} still map` : `domain ${[...holders]} still maps`;
    const them = held.length > 1 ? "them" : "it";
    sentences.push(`${held.length} of these ${were} freed, but ${map} ${them}: unmap ${them} there.`);
  }
  const own = [...domain.processes].reduce((sum, { ownPages }) => sum + ownPages, 0);
  if (own > 0) {
    sentences.push(
      `The programs of domain ${domain.domid} map ${pages(own)} of their own, which stay in use until they unmap them.`,
    );
  }
  const free = used > held.length ? `Free pages, or ${other}.` : `Or ${other}.`;
  return [...sentences, free].join(" ");
}
