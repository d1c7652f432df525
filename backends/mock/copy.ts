import type { CopySegment, GrantPlace } from "../backend.ts";
import type { MockDomain } from "./domain.ts";
import type { Grant } from "./grant_table.ts";

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
  const source = find(domain, from, false);
  if (typeof source === "number") return source;
  const target = find(domain, to, true);
  if (typeof target === "number") return target;
  write(to, target, read(from, source, length));
  return OKAY;
}

/** The grant of one side, if it is one; or why it cannot be had. */
function find(domain: MockDomain, side: Side, writable: boolean): Grant | undefined | number {
  if (side instanceof Uint8Array) return undefined;
  const { table } = domain.xen.find(side.domid)!;
  if (side.gref >= table.entries) return BAD_GNTREF;
  const grant = table.get(side.gref);
  return grant && grant.domid === domain.domid && (grant.writable || !writable) ? grant : GENERAL_ERROR;
}

function read(side: Side, grant: Grant | undefined, length: number): Uint8Array<ArrayBuffer> {
  if (side instanceof Uint8Array) return side.slice(0, length);
  const page = grant!.memory.map(grant!.page, 1);
  const bytes = page.bytes.slice(side.offset, side.offset + length);
  page.unmap();
  return bytes;
}

function write(side: Side, grant: Grant | undefined, bytes: Uint8Array<ArrayBuffer>): void {
  if (side instanceof Uint8Array) return side.set(bytes);
  const page = grant!.memory.map(grant!.page, 1);
  page.bytes.set(bytes, side.offset);
  page.unmap();
}
