/**
 * What machines do otherwise than the usual one, each with its reason, as far as the runs of the matrix have shown it.
 * Tests expect exactly this: what is named here and does not differ fails as well.
 *
 * @module
 */

import type { Machine, MachineName } from "./machines.ts";

/** Something that differs. */
type Difference =
  /** A port for a domain that is not there is refused. */
  | "refuses ports for absent domains"
  /** The kernel does not use `VIRQ_TIMER`, so a program can bind it. */
  | "leaves VIRQ_TIMER free"
  /** A domU is refused grants of its own. */
  | "refuses a domU its own grants"
  /** The XenStore daemon in C counts fewer bytes for a node. */
  | "counts nodes smaller"
  /** The driver's parameter `limit` takes no negative number. Its largest number means that there is no limit. */
  | "has an unsigned limit";

const ARM: Readonly<Partial<Record<Difference, string>>> = {
  "refuses ports for absent domains":
    "Debian builds Xen for aarch64 with XSM, and with SILO as its policy, which asks who the other domain is: ESRCH. " +
    "Xen for amd64 has no XSM.",
  "leaves VIRQ_TIMER free": "Linux on aarch64 takes the processor's virtual timer for its clock.",
};

const TRANSLATED: Readonly<Partial<Record<Difference, string>>> = {
  "refuses a domU its own grants":
    "A PVH or HVM domain on x86 that maps its own grant loses the page, and then its kernel panics: the library refuses.",
};
const XEN_4_20: Readonly<Partial<Record<Difference, string>>> = {
  "counts nodes smaller":
    "A node's record has 16 bytes beside permissions, value and children; before Xen 4.18, by its source, it had 24. " +
    "It may have 2048 bytes; before, 2047.",
};

const DIFFERENCES: Readonly<Partial<Record<MachineName, Readonly<Partial<Record<Difference, string>>>>>> = {
  "bookworm-arm64": ARM,
  "bookworm-pvh": TRANSLATED,
  "bookworm-hvm": TRANSLATED,
  "trixie-pv": XEN_4_20,
  "trixie-pvh": XEN_4_20,
  "trixie-arm64": { ...XEN_4_20, ...ARM },
  "sid-pv": {
    "has an unsigned limit":
      "Linux 7.2-rc2 made it a uint (commit 51d111301a3a, xen/gntalloc: make grant counters unsigned).",
  },
};

/** Returns whether a machine differs in something. */
export function differs({ name }: Machine, difference: Difference): boolean {
  return DIFFERENCES[name]?.[difference] !== undefined;
}
