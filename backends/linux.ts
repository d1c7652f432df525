/**
 * The grant devices of Linux over a few calls of the C library, whatever runtime makes them.
 *
 * What Linux does beyond the contract: a page that the peer still maps when access to it should end is kept by the kernel,
 * which frees it when the peer lets go. So {@linkcode GrantFile.endAccess} ends access to every page, as far as the library
 * is concerned.
 *
 * @module
 */

import { GrantError, type GrantOperation } from "../src/errors.ts";
import {
  allocGrefSize,
  decodeAllocGref,
  decodeMapGrantRef,
  encodeAllocGref,
  encodeMapGrantRef,
  encodeRun,
  encodeUnmapNotify,
  GNTALLOC_FLAG_WRITABLE,
  IOCTL_GNTALLOC_ALLOC_GREF,
  IOCTL_GNTALLOC_DEALLOC_GREF,
  IOCTL_GNTALLOC_SET_UNMAP_NOTIFY,
  IOCTL_GNTDEV_MAP_GRANT_REF,
  IOCTL_GNTDEV_UNMAP_GRANT_REF,
  mapGrantRefSize,
  RUN_SIZE,
  UNMAP_NOTIFY_CLEAR_BYTE,
  UNMAP_NOTIFY_SEND_EVENT,
  UNMAP_NOTIFY_SIZE,
} from "./abi.ts";
import {
  type GrantBackend,
  type GrantFile,
  type MapBackend,
  type MapFile,
  type MappedMemory,
  PAGE_SIZE,
  type UnmapNotify,
} from "./backend.ts";
import { Errno } from "./errno.ts";
import { KernelPages } from "./kernel_pages.ts";
import type { Libc, LibcMapping } from "./libc.ts";
import {
  allocateError,
  commonError,
  type Device,
  GNTALLOC_LIMIT,
  mapGrantsError,
  notifyError,
  openError,
  pages,
  runError,
} from "./linux_errors.ts";

/** A backend that grants pages through the device at `path`. Nothing is opened yet. */
export function linuxGrantBackend(libc: Libc, path = "/dev/xen/gntalloc"): GrantBackend {
  return new LinuxGrantBackend({ path, driver: "xen_gntalloc", libc });
}

/** A backend that maps grants of other domains through the device at `path`. Nothing is opened yet. */
export function linuxMapBackend(libc: Libc, path = "/dev/xen/gntdev"): MapBackend {
  return new LinuxMapBackend({ path, driver: "xen_gntdev", libc });
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
    throw runError(this.#device, "free", `end access to ${run(page, count)}`, failure, Errno.EINVAL);
  }

  map(page: number, count: number, _gref: number, writable: boolean): MappedMemory {
    const offset = this.#pages.kernelPage(page) * PAGE_SIZE;
    const mapping = this.#device.libc.mmap(this.#fd, offset, count * PAGE_SIZE, writable);
    if (typeof mapping === "number") {
      throw runError(this.#device, "map", `map ${run(page, count)}`, -mapping, Errno.ENOENT);
    }
    return new GrantedMemory(this.#device, mapping);
  }

  setUnmapNotify(page: number, _gref: number, { clearByte, eventPort }: UnmapNotify): void {
    const request = this.#backend.scratch.request(UNMAP_NOTIFY_SIZE);
    encodeUnmapNotify(
      request.view,
      this.#pages.kernelPage(page) * PAGE_SIZE + (clearByte ?? 0),
      (clearByte === undefined ? 0 : UNMAP_NOTIFY_CLEAR_BYTE) | (eventPort === undefined ? 0 : UNMAP_NOTIFY_SEND_EVENT),
      eventPort ?? 0,
    );
    const result = this.#device.libc.ioctl(this.#fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, request.bytes);
    if (result < 0) throw notifyError(this.#device, `set the unmap notify of page ${page}`, eventPort, -result);
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

class LinuxMapBackend implements MapBackend {
  readonly name: string;
  readonly device: Device;
  readonly scratch: Scratch = new Scratch("map");

  constructor(device: Device) {
    this.device = device;
    this.name = device.path;
  }

  open(): MapFile {
    return new LinuxMapFile(this, openDevice(this.device));
  }
}

class LinuxMapFile implements MapFile {
  readonly #backend: LinuxMapBackend;
  readonly #device: Device;
  readonly #fd: number;

  constructor(backend: LinuxMapBackend, fd: number) {
    this.#backend = backend;
    this.#device = backend.device;
    this.#fd = fd;
  }

  map(domid: number, grefs: readonly number[], writable: boolean): MappedMemory {
    const doing = `map ${grefs.length === 1 ? "1 grant" : `${grefs.length} grants`} of domain ${domid}`;
    const { libc } = this.#device;
    const request = this.#backend.scratch.request(mapGrantRefSize(grefs.length));
    encodeMapGrantRef(request.view, domid, grefs);
    const result = libc.ioctl(this.#fd, IOCTL_GNTDEV_MAP_GRANT_REF, request.bytes);
    if (result < 0) throw mapGrantsError(this.#device, doing, -result);

    const index = decodeMapGrantRef(request.view);
    const mapping = libc.mmap(this.#fd, index, grefs.length * PAGE_SIZE, writable);
    if (typeof mapping === "number") {
      this.#forget(index, grefs.length);
      throw mapGrantsError(this.#device, doing, -mapping);
    }
    return {
      bytes: mapping.bytes,
      unmap: () => {
        const unmapped = mapping.unmap();
        const forgotten = this.#forget(index, grefs.length);
        const failed = unmapped < 0 ? unmapped : forgotten;
        if (failed < 0) throw commonError(this.#device, "unmap", `un${doing}`, -failed);
      },
    };
  }

  close(): void {
    closeDevice(this.#device, this.#fd);
  }

  /** Has the device forget grants that are not mapped, or no longer. */
  #forget(index: number, count: number): number {
    const request = this.#backend.scratch.request(RUN_SIZE);
    encodeRun(request.view, index, count);
    return this.#device.libc.ioctl(this.#fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, request.bytes);
  }
}

/** The memory for a request: one buffer, used again and again, as calls do not nest. Large requests get their own. */
class Scratch {
  readonly #kept = newRequest(4096);
  readonly #operation: GrantOperation;

  /** @param operation The one operation whose requests may be large. */
  constructor(operation: GrantOperation) {
    this.#operation = operation;
  }

  request(size: number): Request {
    if (size <= this.#kept.bytes.length) return this.#kept;
    try {
      return newRequest(size);
    } catch (cause) {
      const message =
        `Cannot ${this.#operation} so many pages at once as the request must fit in memory: it has ${size} bytes`;
      throw new GrantError(message, { code: "no-memory", operation: this.#operation, cause });
    }
  }
}

interface Request {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

function newRequest(size: number): Request {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

function openDevice(device: Device): number {
  const fd = device.libc.open(device.path);
  if (fd < 0) throw openError(device, -fd);
  return fd;
}

function closeDevice(device: Device, fd: number): void {
  const result = device.libc.close(fd);
  if (result < 0) throw commonError(device, "close", `close ${device.path}`, -result);
}

function run(page: number, count: number): string {
  return count === 1 ? `page ${page}` : `${pages(count)} from page ${page} on`;
}
