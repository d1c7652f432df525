/**
 * What the errors of Linux's devices mean, and the way out of each.
 *
 * @module
 */

import { GrantError, type GrantErrorCode, type GrantOperation } from "../../src/contract/errors.ts";
import { pages } from "../../src/contract/messages.ts";
import { Errno, errnoName } from "../../src/contract/errno.ts";
import type { Libc } from "./libc.ts";

/** A device of the kernel's. */
export interface Device {
  /** The file it is opened by. */
  readonly path: string;
  /** The module that drives it. */
  readonly driver: "xen_gntalloc" | "xen_gntdev" | "xen_evtchn";
  /** The calls it is driven by. */
  readonly libc: Libc;
}

/** Where the kernel says what it runs on. */
export const HYPERVISOR_TYPE = "/sys/hypervisor/type";
/** Where the kernel keeps the number of pages that all files of the system may hold together. */
export const GNTALLOC_LIMIT = "/sys/module/xen_gntalloc/parameters/limit";
/** Where the kernel keeps the number of grants that may be mapped by one request. */
export const GNTDEV_LIMIT = "/sys/module/xen_gntdev/parameters/limit";

/** "2 grants of domain 1", "2 grants of 2 domains". */
export function grants(domid: number | readonly number[], count: number): string {
  const domids = typeof domid === "number" ? [domid] : [...new Set(domid)];
  const whose = domids.length === 1 ? `domain ${domids[0]}` : `${domids.length} domains`;
  return `${count === 1 ? "1 grant" : `${count} grants`} of ${whose}`;
}

/** The device could not be opened. */
export function openError({ path, driver, libc }: Device, errno: number): GrantError {
  const failed = (code: GrantErrorCode, why: string) => failure("open", `open ${path}`, code, why, errno);
  switch (errno) {
    case Errno.ENOENT:
    case Errno.ENXIO:
    case Errno.ENODEV: {
      const type = libc.readText(HYPERVISOR_TYPE);
      return typeof type === "string" && type.trim() === "xen"
        ? failed(
          "no-device",
          `there is no such device: load its driver with \`modprobe ${driver}\`, and in a container pass the device in`,
        )
        : failed(
          "no-device",
          `this system must be a Xen domain, and ${HYPERVISOR_TYPE} does not say so: ` +
            `develop with MockXen from "@gntalloc/gntalloc/mock"`,
        );
    }
    case Errno.EACCES:
    case Errno.EPERM:
      return failed(
        "permission",
        `this process must be allowed to read and to write it: run as root, or give a group of the user's access, ` +
          `with \`chgrp\` and \`chmod g+rw\` or with the udev rule ` +
          `KERNEL=="${path.replace(/^\/dev\//, "")}", GROUP="xen", MODE="0660"`,
      );
    case Errno.EMFILE:
      return failed("backend-failed", "this process has too many open files: close some, or raise `ulimit -n`");
    case Errno.ENFILE:
      return failed("backend-failed", "this system has too many open files: root may raise /proc/sys/fs/file-max");
    default:
      return commonError({ path, driver, libc }, "open", `open ${path}`, errno);
  }
}

/**
 * Pages could not be granted. The kernel says ENOSPC for its limit and for a full grant table alike; here they are told
 * apart where that is certain.
 *
 * @param count The number of pages asked for.
 * @param held The number of pages that this process is known to hold.
 * @param limit The kernel's limit: negative for none, `undefined` where it cannot be read.
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

  const failed = (code: GrantErrorCode, why: string) => failure("allocate", doing, code, why, errno);
  const table =
    "free other grants, or raise max_grant_frames in the configuration of the domain. If all are free and it is still so, " +
    "the driver has lost count (Linux does after a full table): load it anew, with `rmmod xen_gntalloc` and `modprobe xen_gntalloc`";
  if (limit !== undefined && limit < 0) {
    return failed("table-full", `the grant table of this domain is full (the limit of the driver is off): ${table}`);
  }
  if (limit !== undefined && held + count > limit) {
    return failed(
      "kernel-limit-reached",
      `all files of this system may hold ${pages(limit)} together, and this backend holds ${held}: ` +
        `free some, or raise ${GNTALLOC_LIMIT} as root`,
    );
  }
  const known = limit === undefined ? "which cannot be read here" : `which is ${limit}`;
  return failed(
    "no-space",
    `the kernel refused, and does not say which bound it met. Either all files of this system hold too many pages, ` +
      `of which this backend holds ${held}: free some, or raise the limit ${GNTALLOC_LIMIT} as root, ${known}. ` +
      `Or the grant table of this domain is full: ${table}`,
  );
}

/** A run of pages could not be found by the kernel: `notFound` is the errno that says so. */
export function runError(
  device: Device,
  operation: GrantOperation,
  doing: string,
  errno: number,
  notFound: number,
): GrantError {
  if (errno !== notFound) return commonError(device, operation, doing, errno);
  return failure(operation, doing, "not-found", `${device.path} does not hold them, or no longer`, errno);
}

/** An unmap notify was refused. */
export function notifyError(device: Device, doing: string, port: number | undefined, errno: number): GrantError {
  if (errno !== Errno.EINVAL || port === undefined) return runError(device, "notify", doing, errno, Errno.ENOENT);
  return failure(
    "notify",
    doing,
    "notify-refused",
    `its event channel must be bound in this domain: current value of the port is ${port}`,
    errno,
  );
}

/** Grants of another domain could not be mapped. */
export function mapGrantsError(device: Device, doing: string, errno: number): GrantError {
  if (errno !== Errno.EINVAL) return commonError(device, "map", doing, errno);
  return failure(
    "map",
    doing,
    "map-refused",
    `Xen refused at least one. Each must be a reference of a page that the named domain grants to this one and has not ended, ` +
      `granted writable if it is mapped so; and they may not be more than ${GNTDEV_LIMIT} says`,
    errno,
  );
}

/** A grant copy was refused as a whole. */
export function copyError(device: Device, count: number, errno: number): GrantError {
  const doing = `copy ${count === 1 ? "1 segment" : `${count} segments`}`;
  if (errno !== Errno.EINVAL && errno !== Errno.EFAULT) return commonError(device, "copy", doing, errno);
  return failure(
    "copy",
    doing,
    "copy-refused",
    "the kernel does not take at least one of them: each must have a granted page on one side or on both, and end inside it",
    errno,
  );
}

/** A port could not be bound. */
export function bindError(device: Device, doing: string, errno: number): GrantError {
  const refused = (why: string) => failure("bind", doing, "port-refused", why, errno);
  switch (errno) {
    case Errno.EINVAL:
    case Errno.ENOENT:
    case Errno.ESRCH:
      return refused(
        "Xen does not know it: a remote port must be one that the other domain made for this one and that nobody has bound yet, " +
          "and a VIRQ must be one of Xen's",
      );
    case Errno.EEXIST:
    case Errno.EBUSY:
      return refused("it is bound already: unbind it where it is bound");
    case Errno.ENOSPC:
      return refused("this domain has no free port: unbind others, or raise max_event_channels in its configuration");
    default:
      return commonError(device, "bind", doing, errno);
  }
}

/** A port that should be bound is not, as far as the kernel is concerned. */
export function portError(device: Device, operation: GrantOperation, doing: string, errno: number): GrantError {
  if (errno !== Errno.ENOTCONN) return commonError(device, operation, doing, errno);
  return failure(operation, doing, "port-refused", "it must be bound through this file, and not unbound", errno);
}

/** Events could not be waited for, taken or unmasked. */
export function waitError(device: Device, doing: string, errno: number): GrantError {
  if (errno !== Errno.EFBIG) return commonError(device, "wait", doing, errno);
  return failure(
    "wait",
    doing,
    "events-lost",
    `the kernel had no room left for events, and dropped some: close ${device.path}, bind the ports anew, and look at all of ` +
      "what is shared, as if an event had come on each",
    errno,
  );
}

/** An error that means the same whatever was under way. */
export function commonError(device: Device, operation: GrantOperation, doing: string, errno: number): GrantError {
  switch (errno) {
    case Errno.ENOMEM:
      return failure(operation, doing, "no-memory", "the kernel has no memory for it: free some", errno);
    case Errno.EACCES:
    case Errno.EPERM:
      return failure(
        operation,
        doing,
        "permission",
        `the system does not let this process use ${device.path} so`,
        errno,
      );
    case Errno.ENOTTY:
    case Errno.ENODEV:
      return failure(
        operation,
        doing,
        "unsupported",
        `${device.path} must be a device of the driver ${device.driver}, and does not know the request: check the path`,
        errno,
      );
    default:
      return failure(operation, doing, "backend-failed", `${device.path} answered with an error`, errno);
  }
}

function failure(
  operation: GrantOperation,
  doing: string,
  code: GrantErrorCode,
  why: string,
  errno: number,
): GrantError {
  return new GrantError(`Cannot ${doing} as ${why} (${errnoName(errno)})`, { code, operation, errno });
}
