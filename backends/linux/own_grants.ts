/**
 * Keeps a domain from mapping its own grants where that ends its kernel.
 *
 * In a PVH or HVM domain on x86, Xen puts a mapped page in place of another one of the domain. If the page is one of
 * the domain's own, it is gone from where it was, and the kernel panics when it next uses it there. PV domains, and
 * domains on aarch64, map their own grants without harm.
 *
 * @module
 */

import type { CopySegment } from "../../src/contract/backend.ts";
import { GrantError } from "../../src/contract/errors.ts";
import { grants } from "./grant_errors.ts";
import type { Libc } from "./libc.ts";
import { readOwnDomid } from "./xenstore.ts";

/** Holds how Xen runs this domain: PV, PVH or HVM. */
export const GUEST_TYPE = "/sys/hypervisor/guest_type";
/** Holds `control_d` in domain 0 only. */
export const CAPABILITIES = "/proc/xen/capabilities";

/** Whether copies from and to own grants are refused, too. */
export const GUARDS_COPIES = true;

/** Refuses to map or copy grants of this domain, where that ends its kernel. */
export class OwnGrantGuard {
  readonly #libc: Libc;
  /** PVH or HVM; `undefined` where own grants do no harm. */
  #type: string | undefined;
  /** The domid of this domain; `undefined` where own grants do no harm, or if it cannot be known. */
  #domid: number | undefined;
  #isRead = false;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /**
   * Throws if one of the domains is this one.
   *
   * @param domid The domain that granted the pages: one for all, or one for each.
   */
  checkMap(domid: number | readonly number[], count: number): void {
    const isOwn = this.#isOwn((own) => typeof domid === "number" ? domid === own : domid.includes(own));
    if (isOwn) this.#refuse("map", grants(domid, count));
  }

  /** Throws if a segment has a page of this domain on either side. */
  checkCopy(segments: readonly CopySegment[]): void {
    if (!GUARDS_COPIES) return;
    const names = ({ from, to }: CopySegment, own: number) =>
      [from, to].some((place) => !(place instanceof Uint8Array) && place.domid === own);
    const isOwn = this.#isOwn((own) => segments.some((segment) => names(segment, own)));
    if (isOwn) this.#refuse("copy", `to or from grants of domain ${this.#domid}`);
  }

  /** Whether a request names this domain, where that does harm. */
  #isOwn(names: (own: number) => boolean): boolean {
    if (!this.#isRead) this.#read();
    if (this.#domid === undefined || !names(this.#domid)) return false;
    // A domain gets another domid when it is restored or migrated.
    this.#read();
    return this.#domid !== undefined && names(this.#domid);
  }

  #read(): void {
    this.#isRead = true;
    const type = this.#libc.readText(GUEST_TYPE);
    if (typeof type !== "string" || !/^(PVH|HVM)\s*$/.test(type)) return;
    this.#type = type.trim();
    this.#domid = readOwnDomid(this.#libc) ?? this.#domidOfControl();
  }

  #domidOfControl(): number | undefined {
    const capabilities = this.#libc.readText(CAPABILITIES);
    return typeof capabilities === "string" && capabilities.includes("control_d") ? 0 : undefined;
  }

  #refuse(operation: "map" | "copy", what: string): never {
    throw new GrantError(
      `Cannot ${operation} ${what}: this is domain ${this.#domid}, and a ${this.#type} domain on x86 that uses its own ` +
        "grant through gntdev loses the page, and then its kernel panics. Use the pages as their owner, with `map()` " +
        "of what `allocate()` returned. To accept the risk, pass `allowOwnGrants: true` to denoDomain() or " +
        "nodeDomain().",
      { code: "own-grant", operation },
    );
  }
}
