import type { CopySegment, GrantPlace } from "../../src/contract/backend.ts";
import type { DomainState } from "./kernel.ts";

/** Statuses of Xen's public header `grant_table.h`: `GNTST_*`. */
const OKAY = 0;
const GENERAL_ERROR = -1;
const BAD_DOMAIN = -2;
const BAD_GNTREF = -3;
const BAD_PAGE = -9;

type Side = GrantPlace | Uint8Array<ArrayBuffer>;

/**
 * Copies one segment for a domain, and returns Xen's status. Checks that both domains exist, then the source, then the
 * target.
 */
export function copySegment(domain: DomainState, { from, to, length }: CopySegment): number {
  for (const side of [from, to]) {
    if (!(side instanceof Uint8Array) && !domain.machine.find(side.domid)) return BAD_DOMAIN;
  }
  const status = check(domain, from, false) || check(domain, to, true);
  if (status === OKAY) write(domain, to, read(domain, from, length));
  return status;
}

/** The status of one side: memory of the process is always okay. */
function check(domain: DomainState, side: Side, writable: boolean): number {
  if (side instanceof Uint8Array) return OKAY;
  const { gref } = side;
  const { table, destroyed } = domain.machine.find(side.domid)!;
  if (gref >= table.entries) return BAD_GNTREF;
  const granted = table.isGranted(gref) && table.domid(gref) === domain.domid && (table.isWritable(gref) || !writable);
  if (!granted) return GENERAL_ERROR;
  if (!destroyed) return OKAY;
  // Xen has freed the pages of a destroyed domain that nobody maps, and copies from none of the others either.
  return table.isMapped(gref) ? BAD_DOMAIN : BAD_PAGE;
}

function read(domain: DomainState, side: Side, length: number): Uint8Array<ArrayBuffer> {
  if (side instanceof Uint8Array) return side.slice(0, length);
  return withPage(domain, side, (bytes) => bytes.slice(side.offset, side.offset + length));
}

function write(domain: DomainState, side: Side, bytes: Uint8Array<ArrayBuffer>): void {
  if (side instanceof Uint8Array) return side.set(bytes);
  withPage(domain, side, (page) => page.set(bytes, side.offset));
}

function withPage<T>(domain: DomainState, { domid, gref }: GrantPlace, use: (bytes: Uint8Array<ArrayBuffer>) => T): T {
  const granter = domain.machine.find(domid)!;
  const page = granter.memory(gref).map(granter.table.page(gref), 1);
  const result = use(page.bytes);
  page.unmap();
  return result;
}
