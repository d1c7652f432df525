/**
 * The errors of grants: of pages that could not be granted, mapped or copied.
 *
 * @module
 */

import { Errno } from "../../src/contract/errno.ts";
import type { GrantError, GrantErrorCode } from "../../src/contract/errors.ts";
import { pages } from "../../src/contract/messages.ts";
import { commonError, type Device, failure, GNTALLOC_LIMIT, GNTDEV_LIMIT } from "./errors.ts";

/** "2 grants of domain 1", "2 grants of 2 domains". */
export function grants(domid: number | readonly number[], count: number): string {
  const domids = typeof domid === "number" ? [domid] : [...new Set(domid)];
  const whose = domids.length === 1 ? `domain ${domids[0]}` : `${domids.length} domains`;
  return `${count === 1 ? "1 grant" : `${count} grants`} of ${whose}`;
}

/**
 * Makes the error of pages that could not be granted. The kernel answers ENOSPC both for its limit and for a full grant
 * table. The error says which it was, if that is certain.
 *
 * @param count The number of pages asked for.
 * @param held The number of pages that this backend holds.
 * @param limit The kernel's limit: `Infinity` for none, `undefined` if it cannot be read.
 */
export function allocateError(
  device: Device,
  errno: number,
  count: number,
  held: number,
  limit: number | undefined,
): GrantError {
  const doing = `allocate ${pages(count)}`;
  if (errno !== Errno.ENOSPC) return commonError(device, "allocate", doing, errno);

  const failed = (code: GrantErrorCode, reason: string, wayOut: string) =>
    failure("allocate", doing, errno, code, reason, wayOut);
  if (limit === Infinity) {
    return failed(
      "table-full",
      "the grant table of this domain is full (the driver's limit is off)",
      capitalized(freeTable(held)),
    );
  }
  if (limit !== undefined && held + count > limit) {
    return failed(
      "kernel-limit-reached",
      `all files of this system may hold ${pages(limit)} together, and this backend holds ${held}`,
      `${held === 0 ? "Ask for fewer" : "Free some"}, or raise ${GNTALLOC_LIMIT} as root.`,
    );
  }
  const share = limit === undefined
    ? `${held}, and ${GNTALLOC_LIMIT} cannot be read here`
    : `${held} of the ${pages(limit)} that ${GNTALLOC_LIMIT} allows`;
  return failed(
    "no-space",
    "the kernel refused without saying which limit it reached",
    `Of all files of this system, this backend holds ${share}. If other processes hold the rest, ` +
      `${held === 0 ? "end them" : "free some"}, or raise the limit as root. Otherwise, the grant table of this ` +
      `domain is full: ${freeTable(held)}`,
  );
}

/**
 * How to make room in a full grant table. On Linux 5.17 and later, a page that is freed while its peer maps it no
 * longer counts for the driver, and its entry stays in use until the peer unmaps it.
 *
 * @param held The number of pages that this backend holds.
 */
function freeTable(held: number): string {
  const text =
    "pages that peers still map after they were freed may fill it (before Linux 5.17, the limit), and nothing in " +
    "this domain counts those. Have the peers unmap them: in dom0, `xl debug-keys g` writes all mapped grants to the " +
    "log that `xl dmesg` shows. " +
    `${held === 0 ? "Or" : "Or free other grants, or"} raise max_grant_frames in the configuration of the domain.`;
  // While pages are held, the driver's count is right, and it cannot be unloaded.
  if (held > 0) return text;
  return `${text} If no grant is mapped and the error persists, the driver has lost count, as Linux's does after a ` +
    "full table. Close all its files, and reload it with `rmmod xen_gntalloc` and `modprobe xen_gntalloc`.";
}

/**
 * Makes the error of grants that the driver did not take. It answers EINVAL only if there are too many: in one request,
 * or in older kernels, in all mappings together.
 *
 * @param count The number of grants.
 */
export function takeGrantsError(device: Device, doing: string, count: number, errno: number): GrantError {
  if (errno !== Errno.EINVAL) return commonError(device, "map", doing, errno);
  const text = device.libc.readText(GNTDEV_LIMIT);
  const limit = typeof text === "string" && /^\d+\s*$/.test(text) ? Number(text) : undefined;
  return failure(
    "map",
    doing,
    errno,
    "map-refused",
    limit !== undefined && count > limit
      ? `one mapping may have at most ${limit} grants, according to ${GNTDEV_LIMIT}`
      : `they are more than the driver's limit, ${GNTDEV_LIMIT}, allows`,
    "Map fewer at a time, or raise the limit as root.",
  );
}

/** Makes the error of another domain's grants that Xen did not map. */
export function mapGrantsError(
  device: Device,
  doing: string,
  domid: number | readonly number[],
  writable: boolean,
  errno: number,
): GrantError {
  if (errno !== Errno.EINVAL) return commonError(device, "map", doing, errno);
  const domids = typeof domid === "number" ? [domid] : [...new Set(domid)];
  const granter = domids.length === 1 ? `domain ${domids[0]}` : "each domain";
  return failure(
    "map",
    doing,
    errno,
    "map-refused",
    "Xen refused at least one, and does not say why",
    `Check that ${granter} granted them, that it granted them to this domain and not to another` +
      `${writable ? ", that it granted them for writing" : ""}, and that it has not freed them since.`,
  );
}

/** Makes the error of a grant copy that was refused as a whole. */
export function copyError(device: Device, count: number, errno: number): GrantError {
  const doing = `copy ${count === 1 ? "1 segment" : `${count} segments`}`;
  if (errno !== Errno.EINVAL && errno !== Errno.EFAULT) return commonError(device, "copy", doing, errno);
  return failure(
    "copy",
    doing,
    errno,
    "copy-refused",
    "the kernel refused at least one",
    "Each must have a granted page on one side or both, and must not go beyond the end of a page.",
  );
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
