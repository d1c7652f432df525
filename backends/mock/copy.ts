import type { CopySegment, GrantPlace } from "../../src/contract/backend.ts";
import type { MockDomain } from "./domain.ts";

/** Statuses of Xen's public header `grant_table.h`: `GNTST_*`. */
const OKAY = 0;
const GENERAL_ERROR = -1;
const BAD_DOMAIN = -2;
const BAD_GNTREF = -3;

type Side = GrantPlace | Uint8Array<ArrayBuffer>;

/** Copies one piece, as Xen does for a domain: its status. It looks for both domains first, then at the source, then at the target. */
export function copySegment(domain: MockDomain, { from, to, length }: CopySegment): number {
  for (const side of [from, to]) {
    if (!(side instanceof Uint8Array) && !domain.xen.find(side.domid)) return BAD_DOMAIN;
  }
  const status = check(domain, from, false) || check(domain, to, true);
  if (status === OKAY) write(domain, to, read(domain, from, length));
  return status;
}

/** Whether one side can be had: memory of the process always. */
function check(domain: MockDomain, side: Side, writable: boolean): number {
  if (side instanceof Uint8Array) return OKAY;
  const { gref } = side;
  const { table } = domain.xen.find(side.domid)!;
  if (gref >= table.entries) return BAD_GNTREF;
  const granted = table.has(gref) && table.domid(gref) === domain.domid && (table.isWritable(gref) || !writable);
  return granted ? OKAY : GENERAL_ERROR;
}

function read(domain: MockDomain, side: Side, length: number): Uint8Array<ArrayBuffer> {
  if (side instanceof Uint8Array) return side.slice(0, length);
  return withPage(domain, side, (bytes) => bytes.slice(side.offset, side.offset + length));
}

function write(domain: MockDomain, side: Side, bytes: Uint8Array<ArrayBuffer>): void {
  if (side instanceof Uint8Array) return side.set(bytes);
  withPage(domain, side, (page) => page.set(bytes, side.offset));
}

function withPage<T>(domain: MockDomain, { domid, gref }: GrantPlace, use: (bytes: Uint8Array<ArrayBuffer>) => T): T {
  const granter = domain.xen.find(domid)!;
  const page = granter.memory(gref).map(granter.table.page(gref), 1);
  const result = use(page.bytes);
  page.unmap();
  return result;
}
