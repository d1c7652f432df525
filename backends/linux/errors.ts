/**
 * Turns the error numbers of Linux's devices into errors that say what to do.
 *
 * @module
 */

import { PAGE_SIZE } from "../../src/contract/backend.ts";
import { Errno, errnoName } from "../../src/contract/errno.ts";
import { GrantError, type GrantErrorCode, type GrantOperation } from "../../src/contract/errors.ts";
import { pages } from "../../src/contract/messages.ts";
import type { Libc } from "./libc.ts";

/** A device of the kernel. */
export interface Device {
  /** The path of the device file. */
  readonly path: string;
  /** The kernel module that drives it. */
  readonly driver: "xen_gntalloc" | "xen_gntdev" | "xen_evtchn";
  /** The C library that it is driven through. */
  readonly libc: Libc;
}

/** Names the hypervisor that the kernel runs on. */
export const HYPERVISOR_TYPE = "/sys/hypervisor/type";
/** Holds the number of pages that all files of the system may hold together. */
export const GNTALLOC_LIMIT = "/sys/module/xen_gntalloc/parameters/limit";
/** Holds the number of grants that one request may map. */
export const GNTDEV_LIMIT = "/sys/module/xen_gntdev/parameters/limit";

/** "2 grants of domain 1", "2 grants of 2 domains". */
export function grants(domid: number | readonly number[], count: number): string {
  const domids = typeof domid === "number" ? [domid] : [...new Set(domid)];
  const whose = domids.length === 1 ? `domain ${domids[0]}` : `${domids.length} domains`;
  return `${count === 1 ? "1 grant" : `${count} grants`} of ${whose}`;
}

/** Makes the error of an `open` that failed. */
export function openError(device: Device, errno: number): GrantError {
  const { path, driver, libc } = device;
  const doing = `open ${path}`;
  const failed = (code: GrantErrorCode, reason: string, wayOut: string) =>
    failure("open", doing, errno, code, reason, wayOut);
  switch (errno) {
    case Errno.ENOENT:
    case Errno.ENXIO:
    case Errno.ENODEV: {
      const type = libc.readText(HYPERVISOR_TYPE);
      return typeof type === "string" && type.trim() === "xen"
        ? failed(
          "no-device",
          "there is no such device",
          `Load its driver with \`modprobe ${driver}\`. In a container, pass the device in.`,
        )
        : failed(
          "no-device",
          `according to ${HYPERVISOR_TYPE}, this system is not a Xen domain`,
          'To develop without Xen, use MockXen from "@gntalloc/gntalloc/mock".',
        );
    }
    case Errno.EACCES:
    case Errno.EPERM:
      return failed(
        "permission",
        "this process may not read and write it",
        "Run as root, or give a group of the user access, with `chgrp` and `chmod g+rw` or with the udev rule " +
          `KERNEL=="${path.replace(/^\/dev\//, "")}", GROUP="xen", MODE="0660".`,
      );
    case Errno.EMFILE:
      return failed("backend-failed", "this process has too many open files", "Close some, or raise `ulimit -n`.");
    case Errno.ENFILE:
      return failed("backend-failed", "this system has too many open files", "As root, raise /proc/sys/fs/file-max.");
    default:
      return commonError(device, "open", doing, errno);
  }
}

/** Makes the error of a kernel whose pages do not have the size of Xen's. */
export function pageSizeError({ path }: Device, size: number): GrantError {
  return new GrantError(
    `Cannot open ${path}: the kernel has pages of ${size} bytes, and Xen's grants are of ${PAGE_SIZE}. ` +
      "Boot a kernel with pages of 4 KiB, on aarch64 one that is built with CONFIG_ARM64_4K_PAGES.",
    { code: "unsupported", operation: "open" },
  );
}

/**
 * Makes the error of pages that could not be granted. The kernel answers ENOSPC both for its limit and for a full grant
 * table. The error says which it was, if that is certain.
 *
 * @param count The number of pages asked for.
 * @param held The number of pages that this backend holds.
 * @param limit The kernel's limit: negative for none, `undefined` if it cannot be read.
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
  if (limit !== undefined && limit < 0) {
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
    "this domain counts those. " +
    "Have the peers unmap them: in dom0, `xl debug-keys g` writes all mapped grants to the log that `xl dmesg` shows. " +
    `${held === 0 ? "Or" : "Or free other grants, or"} raise max_grant_frames in the configuration of the domain.`;
  // While pages are held, the driver's count is right, and it cannot be unloaded.
  if (held > 0) return text;
  return `${text} If no grant is mapped and the error persists, the driver has lost count, as Linux's does after a ` +
    "full table. Close all its files, and reload it with `rmmod xen_gntalloc` and `modprobe xen_gntalloc`.";
}

/**
 * Makes the error of an operation on a run of pages. `notFound` is the errno that means that the kernel does not know
 * them.
 */
export function runError(
  device: Device,
  operation: GrantOperation,
  doing: string,
  errno: number,
  notFound: number,
): GrantError {
  if (errno !== notFound) return commonError(device, operation, doing, errno);
  return failure(operation, doing, errno, "not-found", `${device.path} does not hold them, or no longer does`);
}

/** Makes the error of an unmap notify that was refused. */
export function notifyError(device: Device, doing: string, port: number | undefined, errno: number): GrantError {
  if (errno !== Errno.EINVAL || port === undefined) return runError(device, "notify", doing, errno, Errno.ENOENT);
  const reason = `no event channel of this domain is bound to port ${port}`;
  return failure("notify", doing, errno, "notify-refused", reason, "Bind it first, and keep it bound.");
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

/** Makes the error of a port that could not be bound. */
export function bindError(device: Device, doing: string, errno: number): GrantError {
  const refused = (reason: string, wayOut: string) => failure("bind", doing, errno, "port-refused", reason, wayOut);
  switch (errno) {
    case Errno.EINVAL:
    case Errno.ENOENT:
    case Errno.ESRCH:
      return refused(
        "Xen does not know it",
        "A remote port must be one that the other domain has bound for this one and that nobody has bound to yet. " +
          "A VIRQ must be one of Xen's.",
      );
    case Errno.EEXIST:
    case Errno.EBUSY:
      return refused("it is already bound", "Unbind it where it is bound.");
    case Errno.ENOSPC:
      return refused(
        "this domain has no free port",
        "Unbind others, or raise max_event_channels in the configuration of the domain.",
      );
    default:
      return commonError(device, "bind", doing, errno);
  }
}

/** Makes the error of an operation on a port that must be bound. */
export function portError(device: Device, operation: GrantOperation, doing: string, errno: number): GrantError {
  if (errno !== Errno.ENOTCONN) return commonError(device, operation, doing, errno);
  return failure(operation, doing, errno, "port-refused", "it is not bound through this file", "Bind it first.");
}

/** Makes the error of events that could not be waited for, taken or unmasked. */
export function waitError(device: Device, doing: string, errno: number): GrantError {
  if (errno !== Errno.EFBIG) return commonError(device, "wait", doing, errno);
  return failure(
    "wait",
    doing,
    errno,
    "events-lost",
    "the kernel had no room left for events and dropped some",
    `Close ${device.path}, bind the ports again, and look at everything that is shared, as if an event had arrived ` +
      "on each port.",
  );
}

/** Makes the error of an errno that means the same in every operation. */
export function commonError(device: Device, operation: GrantOperation, doing: string, errno: number): GrantError {
  const { path, driver } = device;
  const failed = (code: GrantErrorCode, reason: string, wayOut?: string) =>
    failure(operation, doing, errno, code, reason, wayOut);
  switch (errno) {
    case Errno.ENOMEM:
      return failed("no-memory", "the kernel has no memory for it", "Free some.");
    case Errno.EACCES:
    case Errno.EPERM:
      return failed("permission", `the system does not let this process use ${path} in this way`);
    case Errno.ENOTTY:
    case Errno.ENODEV:
      return failed(
        "unsupported",
        `${path} does not know the request`,
        `Check that the path is that of a device of the driver ${driver}.`,
      );
    default:
      return failed("backend-failed", `${path} answered with an error`);
  }
}

function failure(
  operation: GrantOperation,
  doing: string,
  errno: number,
  code: GrantErrorCode,
  reason: string,
  wayOut?: string,
): GrantError {
  const message = `Cannot ${doing}: ${reason} (${errnoName(errno)}).${wayOut === undefined ? "" : ` ${wayOut}`}`;
  return new GrantError(message, { code, operation, errno });
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
