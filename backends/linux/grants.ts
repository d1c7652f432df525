/**
 * Pages of this domain, shared through `/dev/xen/gntalloc`.
 *
 * Linux does more than the contract asks for: if the peer still maps a page when access to it ends, the kernel keeps
 * the page and frees it when the peer unmaps it. So {@linkcode GrantFile.endAccess} never reports a page as held by the
 * peer.
 *
 * @module
 */

import {
  type GrantBackend,
  type GrantFile,
  type MappedMemory,
  PAGE_SIZE,
  type UnmapNotify,
} from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { pagesFrom } from "../../src/contract/messages.ts";
import { showAs } from "../../src/shared/inspection.ts";
import {
  allocGrefSize,
  decodeAllocGref,
  encodeAllocGref,
  encodeRun,
  GNTALLOC_FLAG_WRITABLE,
  IOCTL_GNTALLOC_ALLOC_GREF,
  IOCTL_GNTALLOC_DEALLOC_GREF,
  IOCTL_GNTALLOC_SET_UNMAP_NOTIFY,
  RUN_SIZE,
  UNMAP_NOTIFY_SIZE,
} from "./abi/grants.ts";
import { closeDevice, encodeNotify, openPageDevice, Scratch } from "./device.ts";
import { commonError, type Device, GNTALLOC_LIMIT, notifyError, runError } from "./errors.ts";
import { allocateError } from "./grant_errors.ts";
import { KernelPages } from "./kernel_pages.ts";
import { type FileHoldings, watchFile } from "./leaks.ts";
import type { Libc, LibcMapping } from "./libc.ts";

/** Makes a backend that grants pages through the device at `path`. Opens nothing yet. */
export function linuxGrantBackend(libc: Libc, path = "/dev/xen/gntalloc", warnOfLeaks = false): GrantBackend {
  return new LinuxGrantBackend({ path, driver: "xen_gntalloc", libc, warnOfLeaks });
}

class LinuxGrantBackend implements GrantBackend {
  static {
    showAs(LinuxGrantBackend, "GrantBackend", ({ name }) => ({ name }));
  }

  readonly name: string;
  readonly limitName: string = GNTALLOC_LIMIT;
  readonly device: Device;
  /** The number of pages that all files of this backend hold. */
  held = 0;
  readonly scratch: Scratch = new Scratch("allocate");

  constructor(device: Device) {
    this.device = device;
    this.name = device.path;
  }

  limit(): number {
    // If the parameter cannot be read, let the kernel enforce its limit: a guess that is too low would refuse pages
    // that the kernel would grant.
    return this.kernelLimit() ?? Infinity;
  }

  /**
   * Reads the driver's parameter. Returns `undefined` if it cannot be read.
   *
   * The driver compares it as an unsigned number of 32 bits. The largest means that there is no limit. Before Linux 7.2
   * the parameter is signed, and any negative number means that.
   */
  kernelLimit(): number | undefined {
    const text = this.device.libc.readText(GNTALLOC_LIMIT);
    if (typeof text !== "string" || !/^-?\d+\s*$/.test(text)) return undefined;
    const limit = Number(text);
    return limit < 0 || limit === 0xffffffff ? Infinity : limit;
  }

  open(): GrantFile {
    return new LinuxGrantFile(this, openPageDevice(this.device));
  }
}

/** What {@linkcode GrantFile.endAccess} returns if nothing fails. */
const NOTHING_HELD: readonly number[] = Object.freeze([]);

/** For the warning of a file that was dropped. */
const GRANTS = { owner: "GrantDevice", things: ["page granted", "pages granted"] } as const;

class LinuxGrantFile implements GrantFile {
  readonly #backend: LinuxGrantBackend;
  readonly #device: Device;
  readonly #fd: number;
  readonly #pages = new KernelPages();
  readonly #held: FileHoldings;

  constructor(backend: LinuxGrantBackend, fd: number) {
    this.#backend = backend;
    this.#device = backend.device;
    this.#fd = fd;
    this.#held = watchFile(this, backend.device, GRANTS);
  }

  grant(page: number, count: number, domid: number, writable: boolean, grefs: Uint32Array): void {
    const request = this.#backend.scratch.request(allocGrefSize(count));
    encodeAllocGref(request.view, domid, writable ? GNTALLOC_FLAG_WRITABLE : 0, count);
    const result = this.#device.libc.ioctl(this.#fd, IOCTL_GNTALLOC_ALLOC_GREF, request.bytes);
    if (result < 0) {
      throw allocateError(this.#device, -result, count, this.#backend.held, this.#backend.kernelLimit());
    }
    this.#count(count);
    this.#pages.granted(page, decodeAllocGref(request.view, count, grefs) / PAGE_SIZE);
  }

  endAccess(page: number, count: number): readonly number[] {
    let failed: number[] | undefined;
    let failure = 0;
    for (let start = 0; start < count;) {
      const length = this.#pages.stretch(page + start, count - start);
      const request = this.#backend.scratch.request(RUN_SIZE);
      encodeRun(request.view, this.#pages.kernelPage(page + start) * PAGE_SIZE, length);
      const result = this.#device.libc.ioctl(this.#fd, IOCTL_GNTALLOC_DEALLOC_GREF, request.bytes);
      if (result < 0) {
        failed ??= [];
        failure ||= -result;
        for (let i = 0; i < length; i++) failed.push(start + i);
      } else {
        this.#count(-length);
      }
      start += length;
    }
    if (failed === undefined) return NOTHING_HELD;
    if (failed.length < count) return failed;
    throw runError(this.#device, "free", `end access to ${pagesFrom(page, count)}`, failure, Errno.EINVAL);
  }

  map(page: number, count: number, _gref: number, writable: boolean): MappedMemory {
    const offset = this.#pages.kernelPage(page) * PAGE_SIZE;
    const mapping = this.#device.libc.mmap(this.#fd, offset, count * PAGE_SIZE, writable);
    if (typeof mapping === "number") {
      throw runError(this.#device, "map", `map ${pagesFrom(page, count)}`, -mapping, Errno.ENOENT);
    }
    return new GrantedMemory(this.#device, mapping);
  }

  setUnmapNotify(page: number, _gref: number, notify: UnmapNotify): void {
    const request = this.#backend.scratch.request(UNMAP_NOTIFY_SIZE);
    encodeNotify(request.view, this.#pages.kernelPage(page) * PAGE_SIZE, notify);
    const result = this.#device.libc.ioctl(this.#fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, request.bytes);
    if (result < 0) throw notifyError(this.#device, `set the unmap notify of page ${page}`, notify.eventPort, -result);
  }

  close(): void {
    this.#count(-this.#held.count);
    this.#held.closed = true;
    closeDevice(this.#device, this.#fd);
  }

  #count(pages: number): void {
    this.#held.count += pages;
    this.#backend.held += pages;
  }
}

class GrantedMemory implements MappedMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #device: Device;
  readonly #mapping: LibcMapping;

  constructor(device: Device, mapping: LibcMapping) {
    this.bytes = mapping.bytes;
    this.#device = device;
    this.#mapping = mapping;
  }

  unmap(): void {
    const result = this.#mapping.unmap();
    if (result < 0) throw commonError(this.#device, "unmap", "unmap pages", -result);
  }
}
