/**
 * The kernel: each call of a trace is a call to `/dev/xen/gntalloc` or `/dev/xen/gntdev`. Of this library it uses only
 * the layout of the requests, which a C compiler has confirmed.
 *
 * @module
 */
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
} from "../../backends/linux/abi/grants.ts";
import { PAGE_SIZE } from "../../src/contract/backend.ts";
import type { File, Machine, Mapped } from "./machine.ts";
import { type Address, close, ioctl, mmap, munmap, open, peek, poke } from "./syscalls.ts";

const LIMIT = "/sys/module/xen_gntalloc/parameters/limit";
/** dom0 is its own peer. */
const THIS_DOMAIN = 0;
/** Requests for more pages than this have no room for the references, as the kernel is expected to refuse. */
const MOST_GREFS = 65_536;

/** The kernel that this program runs on. */
export class KernelMachine implements Machine {
  readonly #unlimited: number | undefined;
  #gntdev: number | undefined;

  /** @param unlimited What the driver takes for no limit. Default is any negative number. */
  constructor(unlimited?: number) {
    this.#unlimited = unlimited;
  }

  setLimit(pages: number): void {
    Deno.writeTextFileSync(LIMIT, String(pages < 0 ? this.#unlimited ?? pages : pages));
  }

  open(): File {
    return new KernelFile(open("/dev/xen/gntalloc"));
  }

  peerMap(grefs: readonly number[], writable: boolean): Mapped {
    const fd = this.#gntdev ??= open("/dev/xen/gntdev");
    const request = newRequest(mapGrantRefSize(grefs.length));
    encodeMapGrantRef(request, THIS_DOMAIN, grefs);
    ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, request);
    const index = decodeMapGrantRef(request);
    const forget = newRequest(RUN_SIZE);
    encodeRun(forget, index, grefs.length);
    try {
      const part = mapPart(fd, index, grefs.length, writable);
      return new KernelMemory([part], () => ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, forget));
    } catch (error) {
      ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, forget);
      throw error;
    }
  }
}

class KernelFile implements File {
  readonly #fd: number;
  /** The first page of each allocation except the first, ascending. */
  readonly #borders: number[] = [];

  constructor(fd: number) {
    this.#fd = fd;
  }

  allocate(domid: number, pages: number, writable: boolean): { page: number; grefs: readonly number[] } {
    const request = newRequest(allocGrefSize(Math.min(pages, MOST_GREFS)));
    encodeAllocGref(request, domid, writable ? GNTALLOC_FLAG_WRITABLE : 0, pages);
    ioctl(this.#fd, IOCTL_GNTALLOC_ALLOC_GREF, request);
    const grefs = new Uint32Array(pages);
    const page = decodeAllocGref(request, pages, grefs) / PAGE_SIZE;
    if (page > 0 && pages > 0) this.#borders.push(page);
    return { page, grefs: Array.from(grefs) };
  }

  free(page: number, pages: number): void {
    const request = newRequest(RUN_SIZE);
    encodeRun(request, page * PAGE_SIZE, pages);
    ioctl(this.#fd, IOCTL_GNTALLOC_DEALLOC_GREF, request);
  }

  /**
   * Maps the part of each allocation separately, as this library does. A single mapping across two allocations would
   * corrupt the kernel: when it ends, the kernel releases as many pages as it had, beginning with the first one in a
   * list of the pages of all files. If another file allocated in between, its pages are released.
   */
  map(page: number, pages: number, writable: boolean): Mapped {
    const end = page + pages;
    const starts = [page, ...this.#borders.filter((border) => border > page && border < end)];
    const parts: Part[] = [];
    try {
      for (const [number, start] of starts.entries()) {
        parts.push(mapPart(this.#fd, start * PAGE_SIZE, (starts[number + 1] ?? end) - start, writable));
      }
    } catch (error) {
      for (const part of parts) munmap(part.address, part.length);
      throw error;
    }
    return new KernelMemory(parts, () => {});
  }

  notify(page: number, clearByte: number | undefined, eventPort: number | undefined): void {
    const request = newRequest(UNMAP_NOTIFY_SIZE);
    let action = 0;
    if (clearByte !== undefined) action |= UNMAP_NOTIFY_CLEAR_BYTE;
    if (eventPort !== undefined) action |= UNMAP_NOTIFY_SEND_EVENT;
    encodeUnmapNotify(request, page * PAGE_SIZE + (clearByte ?? 0), action, eventPort ?? 0);
    ioctl(this.#fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, request);
  }

  close(): void {
    close(this.#fd);
  }
}

interface Part {
  readonly address: Address;
  readonly length: number;
}

function mapPart(fd: number, offset: number, pages: number, writable: boolean): Part {
  const length = pages * PAGE_SIZE;
  return { address: mmap(fd, offset, length, writable), length };
}

class KernelMemory implements Mapped {
  readonly #parts: readonly Part[];
  readonly #unmapped: () => void;

  /** @param unmapped Called when all parts are unmapped. */
  constructor(parts: readonly Part[], unmapped: () => void) {
    this.#parts = parts;
    this.#unmapped = unmapped;
  }

  read(page: number): Uint8Array {
    const { address, offset } = this.#find(page * PAGE_SIZE);
    return peek(address, offset, PAGE_SIZE);
  }

  write(offset: number, byte: number): void {
    const place = this.#find(offset);
    poke(place.address, place.offset, byte);
  }

  #find(offset: number): { address: Address; offset: number } {
    for (const { address, length } of this.#parts) {
      if (offset < length) return { address, offset };
      offset -= length;
    }
    throw new Error(`there is no byte ${offset} behind the mapping`);
  }

  unmap(): void {
    for (const { address, length } of this.#parts) munmap(address, length);
    this.#unmapped();
  }
}

function newRequest(size: number): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(size));
}
