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

import { Errno } from "../../src/contract/errno.ts";
import { GrantError } from "../../src/contract/errors.ts";
import type { StoreBackend } from "../../src/contract/store_backend.ts";
import {
  encodeEvtchn,
  EVTCHN_REQUEST_SIZE,
  IOCTL_EVTCHN_BIND_INTERDOMAIN,
  IOCTL_EVTCHN_BIND_UNBOUND_PORT,
} from "./abi/events.ts";
import { grants } from "./grant_errors.ts";
import type { Libc } from "./libc.ts";
import { askForOwnDomid } from "./own_domid.ts";

/** Holds how Xen runs this domain: PV, PVH or HVM. */
export const GUEST_TYPE = "/sys/hypervisor/guest_type";
/** Xen's name for the domain that asks (`DOMID_SELF`). */
const DOMID_SELF = 0x7ff0;

/** Refuses to map grants of this domain, where that ends its kernel. */
export class OwnGrantGuard {
  readonly #libc: Libc;
  readonly #store: StoreBackend;
  readonly #evtchn: string;
  /** PVH or HVM; `undefined` where own grants do no harm. */
  #type: string | undefined;
  #isTypeRead = false;

  /**
   * @param store XenStore, which knows the number of this domain.
   * @param evtchn The path of the device for event channels, which tells whether a domain is this one. It is asked
   * first, because it answers from the hypervisor.
   */
  constructor(libc: Libc, store: StoreBackend, evtchn = "/dev/xen/evtchn") {
    this.#libc = libc;
    this.#store = store;
    this.#evtchn = evtchn;
  }

  /**
   * Throws if one of the domains is this one. Looks at each domain at each call, because a restore or a migration
   * changes the number of this one.
   *
   * @param domid The domain that granted the pages: one for all, or one for each.
   */
  checkMap(domid: number | readonly number[], count: number): void {
    if (!this.#isTypeRead) this.#readType();
    if (this.#type === undefined) return;
    let asked: { readonly own: number | undefined } | undefined;
    const own = () => (asked ??= { own: askForOwnDomid(this.#store) }).own;
    for (const one of new Set(typeof domid === "number" ? [domid] : domid)) {
      if (this.#canBind(one) ?? one === own()) this.#refuse(one, grants(domid, count));
    }
  }

  #readType(): void {
    const type = this.#libc.readText(GUEST_TYPE);
    if (typeof type === "string" && /^(PVH|HVM)\s*$/.test(type)) this.#type = type.trim();
    this.#isTypeRead = true;
  }

  /**
   * Whether this domain can bind to a port that is for another one, or `undefined` if that cannot be tried. Only the
   * domain that a port was allocated for can bind to it: so this process allocates a port for that domain, and tries to
   * bind to it as the domain that it runs in.
   */
  #canBind(domid: number): boolean | undefined {
    const libc = this.#libc;
    const fd = libc.open(this.#evtchn, true);
    if (fd < 0) return undefined;
    try {
      const request = new Uint8Array(new ArrayBuffer(EVTCHN_REQUEST_SIZE));
      const view = new DataView(request.buffer);
      encodeEvtchn(view, domid);
      const port = libc.ioctl(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, request);
      if (port < 0) return undefined;
      encodeEvtchn(view, DOMID_SELF, port);
      const bound = libc.ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, request);
      return bound >= 0 ? true : bound === -Errno.EINVAL ? false : undefined;
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
