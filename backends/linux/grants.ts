/**
 * Pages of this domain, shared through `/dev/xen/gntalloc`.
 *
 * What Linux does beyond the contract: a page that the peer still maps when access to it should end is kept by the kernel,
 * which frees it when the peer lets go. So {@linkcode GrantFile.endAccess} ends access to every page, as far as the library
 * is concerned.
 *
 * @module
 */

import { pagesFrom } from "../../src/contract/messages.ts";
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
import {
  type GrantBackend,
  type GrantFile,
  type MappedMemory,
  PAGE_SIZE,
  type UnmapNotify,
} from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import type { Libc, LibcMapping } from "./libc.ts";
import { closeDevice, encodeNotify, openDevice, Scratch } from "./device.ts";
import { allocateError, commonError, type Device, GNTALLOC_LIMIT, notifyError, runError } from "./errors.ts";
import { KernelPages } from "./kernel_pages.ts";

/** A backend that grants pages through the device at `path`. Nothing is opened yet. */
export function linuxGrantBackend(libc: Libc, path = "/dev/xen/gntalloc"): GrantBackend {
  return new LinuxGrantBackend({ path, driver: "xen_gntalloc", libc });
}

class LinuxGrantBackend implements GrantBackend {
  readonly name: string;
  readonly limitName: string = GNTALLOC_LIMIT;
  readonly device: Device;
  /** Pages that the files of this backend hold. */
  held = 0;
  readonly scratch: Scratch = new Scratch("allocate");

  constructor(device: Device) {
    this.device = device;
    this.name = device.path;
  }

  limit(): number {
    // Where it cannot be read, no number would be right for certain: to guess low would refuse what the kernel would grant,
    // while without a limit here the kernel refuses by itself.
    const limit = this.kernelLimit();
    return limit === undefined || limit < 0 ? Infinity : limit;
  }

  /** The driver's parameter, a signed integer; `undefined` where it cannot be read. */
  kernelLimit(): number | undefined {
    const text = this.device.libc.readText(GNTALLOC_LIMIT);
    return typeof text === "string" && /^-?\d+\s*$/.test(text) ? Number(text) : undefined;
  }

  open(): GrantFile {
    return new LinuxGrantFile(this, openDevice(this.device));
  }
}

/** What {@linkcode GrantFile.endAccess} answers but after a failure. */
const NOTHING_HELD: readonly number[] = Object.freeze([]);

class LinuxGrantFile implements GrantFile {
  readonly #backend: LinuxGrantBackend;
  readonly #device: Device;
  readonly #fd: number;
  readonly #pages = new KernelPages();
  #held = 0;

  constructor(backend: LinuxGrantBackend, fd: number) {
    this.#backend = backend;
    this.#device = backend.device;
    this.#fd = fd;
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
    this.#count(-this.#held);
    closeDevice(this.#device, this.#fd);
  }

  #count(pages: number): void {
    this.#held += pages;
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
