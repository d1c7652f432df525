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
import {
  encodeEvtchn,
  EVTCHN_REQUEST_SIZE,
  IOCTL_EVTCHN_BIND_INTERDOMAIN,
  IOCTL_EVTCHN_BIND_UNBOUND_PORT,
} from "./abi/events.ts";
import { grants } from "./grant_errors.ts";
import type { Libc } from "./libc.ts";

/** Holds how Xen runs this domain: PV, PVH or HVM. */
export const GUEST_TYPE = "/sys/hypervisor/guest_type";
/** Xen's name for the domain that asks (`DOMID_SELF`). */
const DOMID_SELF = 0x7ff0;

/** Refuses to map grants of this domain, where that ends its kernel. */
export class OwnGrantGuard {
  readonly #libc: Libc;
  readonly #evtchn: string;
  /** PVH or HVM; `undefined` where own grants do no harm. */
  #type: string | undefined;
  #isTypeRead = false;

  /** @param evtchn The path of the device for event channels, which tells whether a domain is this one. */
  constructor(libc: Libc, evtchn = "/dev/xen/evtchn") {
    this.#libc = libc;
    this.#evtchn = evtchn;
  }

  /**
   * Throws if one of the domains is this one.
   *
   * @param domid The domain that granted the pages: one for all, or one for each.
   */
  checkMap(domid: number | readonly number[], count: number): void {
    if (!this.#isTypeRead) this.#readType();
    if (this.#type === undefined) return;
    // Each time, because a domain gets another domid when it is restored or migrated.
    for (const one of typeof domid === "number" ? [domid] : new Set(domid)) {
      if (this.#isOwn(one)) this.#refuse(one, grants(domid, count));
    }
  }

  #readType(): void {
    const type = this.#libc.readText(GUEST_TYPE);
    if (typeof type === "string" && /^(PVH|HVM)\s*$/.test(type)) this.#type = type.trim();
    this.#isTypeRead = true;
  }

  /**
   * Whether a domain is this one; false, too, if that cannot be known. Only the domain that a port was allocated for can
   * bind to it: so this process allocates a port for that domain, and tries to bind to it as the domain that it runs in.
   */
  #isOwn(domid: number): boolean {
    const libc = this.#libc;
    const fd = libc.open(this.#evtchn, true);
    if (fd < 0) return false;
    try {
      const request = new Uint8Array(new ArrayBuffer(EVTCHN_REQUEST_SIZE));
      const view = new DataView(request.buffer);
      encodeEvtchn(view, domid);
      const port = libc.ioctl(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, request);
      if (port < 0) return false;
      encodeEvtchn(view, DOMID_SELF, port);
      return libc.ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, request) >= 0;
    } finally {
      // This frees both ports.
      libc.close(fd);
    }
  }

  #refuse(own: number, what: string): never {
    throw new GrantError(
      `Cannot map ${what}: this is domain ${own}, and a ${this.#type} domain on x86 that maps its own grant ` +
        "loses the page, and then its kernel panics. Use the pages as their owner, with `map()` of what `allocate()` " +
        "returned, or with `copy()` of the mapper. To accept the risk, pass `allowOwnGrants: true` to denoDomain() " +
        "or nodeDomain().",
      { code: "own-grant", operation: "map" },
    );
  }
}
