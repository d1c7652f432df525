/**
 * Keeps a domain from mapping its own grants where that ends its kernel.
 *
 * In a PVH or HVM domain on x86, a frame of memory has only one address. Mapping an own grant takes the frame away from
 * the address where the kernel has the page, and unmapping does not bring it back. The kernel panics when it uses that
 * address for something else. PV domains, and domains on aarch64, map their own grants without harm. Copies do no harm
 * anywhere.
 *
 * @module
 */

import { GrantError } from "../../src/contract/errors.ts";
import { grants } from "./grant_errors.ts";
import type { Libc } from "./libc.ts";
import { readOwnDomid } from "./xenstore.ts";

/** Holds how Xen runs this domain: PV, PVH or HVM. */
export const GUEST_TYPE = "/sys/hypervisor/guest_type";
/** Holds `control_d` in domain 0 only. */
export const CAPABILITIES = "/proc/xen/capabilities";

/** Refuses to map grants of this domain, where that ends its kernel. */
export class OwnGrantGuard {
  readonly #libc: Libc;
  readonly #xenbus: string | undefined;
  /** PVH or HVM; `undefined` where own grants do no harm. */
  #type: string | undefined;
  /** The domid of this domain; `undefined` where own grants do no harm, or if it cannot be known. */
  #domid: number | undefined;
  #isRead = false;

  /** @param xenbus The path of XenStore's device, if not the usual one. */
  constructor(libc: Libc, xenbus?: string) {
    this.#libc = libc;
    this.#xenbus = xenbus;
  }

  /**
   * Throws if one of the domains is this one.
   *
   * @param domid The domain that granted the pages: one for all, or one for each.
   */
  checkMap(domid: number | readonly number[], count: number): void {
    if (!this.#isRead) this.#read();
    if (!this.#isAmong(domid)) return;
    // A domain gets another domid when it is restored or migrated.
    this.#read();
    if (this.#isAmong(domid)) this.#refuse(grants(domid, count));
  }

  #isAmong(domid: number | readonly number[]): boolean {
    const own = this.#domid;
    return own !== undefined && (typeof domid === "number" ? domid === own : domid.includes(own));
  }

  #read(): void {
    this.#isRead = true;
    const type = this.#libc.readText(GUEST_TYPE);
    if (typeof type !== "string" || !/^(PVH|HVM)\s*$/.test(type)) return;
    this.#type = type.trim();
    this.#domid = readOwnDomid(this.#libc, this.#xenbus) ?? this.#domidOfControl() ?? this.#domid;
  }

  #domidOfControl(): number | undefined {
    const capabilities = this.#libc.readText(CAPABILITIES);
    return typeof capabilities === "string" && capabilities.includes("control_d") ? 0 : undefined;
  }

  #refuse(what: string): never {
    throw new GrantError(
      `Cannot map ${what}: this is domain ${this.#domid}, and a ${this.#type} domain on x86 that maps its own grant ` +
        "loses the page, and then its kernel panics. Use the pages as their owner, with `map()` of what `allocate()` " +
        "returned, or with `copy()` of the mapper. To accept the risk, pass `allowOwnGrants: true` to denoDomain() " +
        "or nodeDomain().",
      { code: "own-grant", operation: "map" },
    );
  }
}
