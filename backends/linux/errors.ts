/**
 * Turns the error numbers of Linux's devices into errors that say what to do.
 *
 * @module
 */

import { PAGE_SIZE } from "../../src/contract/backend.ts";
import { Errno, errnoName } from "../../src/contract/errno.ts";
import { GrantError, type GrantErrorCode, type GrantOperation } from "../../src/contract/errors.ts";
import type { Libc } from "./libc.ts";

/** A device of the kernel. */
export interface Device {
  /** The path of the device file. */
  readonly path: string;
  /** The kernel module that drives it. */
  readonly driver: "xen_gntalloc" | "xen_gntdev" | "xen_evtchn";
  /** The C library that it is driven through. */
  readonly libc: Libc;
  /** Whether to warn of files that are dropped without being closed. */
  readonly warnOfLeaks: boolean;
}

/** Names the hypervisor that the kernel runs on. */
export const HYPERVISOR_TYPE = "/sys/hypervisor/type";
/** Holds the number of pages that all files of the system may hold together. */
export const GNTALLOC_LIMIT = "/sys/module/xen_gntalloc/parameters/limit";
/** Holds the number of grants that one request may map. */
export const GNTDEV_LIMIT = "/sys/module/xen_gntdev/parameters/limit";

/** Why something failed, and what to do about it. */
export type Explanation = readonly [reason: string, wayOut: string];

/** Whether this system is a domain of Xen. */
export function isXenDomain(libc: Libc): boolean {
  const type = libc.readText(HYPERVISOR_TYPE);
  return typeof type === "string" && type.trim() === "xen";
}

/** The system is not a domain of Xen. */
export const NO_XEN: Explanation = [
  `according to ${HYPERVISOR_TYPE}, this system is not a Xen domain`,
  'To develop without Xen, use MockXen from "@gntalloc/gntalloc/mock".',
];

/** There is no room for another open file. */
export const TOO_MANY_FILES: Readonly<Record<"process" | "system", Explanation>> = {
  process: ["this process has too many open files", "Close some, or raise `ulimit -n`."],
  system: ["this system has too many open files", "As root, raise /proc/sys/fs/file-max."],
};

/**
 * The process may not open a file.
 *
 * @param device The path of the file if it is a device, to which udev can give access, too.
 */
export function noAccess(device?: string): Explanation {
  const rule = device === undefined
    ? ""
    : ` or with the udev rule KERNEL=="${device.replace(/^\/dev\//, "")}", GROUP="xen", MODE="0660"`;
  return [
    "this process may not read and write it",
    `Run as root, or give a group of the user access, with \`chgrp\` and \`chmod g+rw\`${rule}.`,
  ];
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
      const [reason, wayOut] = isXenDomain(libc)
        ? [
          "there is no such device",
          `Load its driver with \`modprobe ${driver}\`. In a container, pass the device in.`,
        ]
        : NO_XEN;
      return failed("no-device", reason, wayOut);
    }
    case Errno.EACCES:
    case Errno.EPERM:
      return failed("permission", ...noAccess(path));
    case Errno.EMFILE:
      return failed("backend-failed", ...TOO_MANY_FILES.process);
    case Errno.ENFILE:
      return failed("backend-failed", ...TOO_MANY_FILES.system);
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

/** Makes the error of a port that could not be bound. */
export function bindError(device: Device, doing: string, errno: number): GrantError {
  const refused = (reason: string, wayOut: string) => failure("bind", doing, errno, "port-refused", reason, wayOut);
  switch (errno) {
    case Errno.ESRCH:
      return refused(
        "there is no such domain",
        "Bind when it has started. Only some Xens let a port wait for a domain: not those with the policy SILO, as " +
          "Debian's for aarch64.",
      );
    case Errno.EINVAL:
    case Errno.ENOENT:
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
    "Call `reset()` of the EventChannels, and look at all shared memory, as if an event had arrived on each port.",
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

/** Makes an error: "Cannot map 2 grants: reason (EINVAL). Way out." */
export function failure(
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
