/**
 * Pages of other domains, mapped and copied through `/dev/xen/gntdev`.
 *
 * @module
 */

import {
  type CopySegment,
  type MapBackend,
  type MapFile,
  PAGE_SIZE,
  type PeerMemory,
  type UnmapNotify,
} from "../../src/contract/backend.ts";
import { showAs } from "../../src/shared/inspection.ts";
import {
  decodeMapGrantRef,
  encodeMapGrantRef,
  encodeRun,
  IOCTL_GNTALLOC_SET_UNMAP_NOTIFY,
  IOCTL_GNTDEV_MAP_GRANT_REF,
  IOCTL_GNTDEV_UNMAP_GRANT_REF,
  mapGrantRefSize,
  RUN_SIZE,
  UNMAP_NOTIFY_SIZE,
} from "./abi/grants.ts";
import { copyGrants } from "./copy.ts";
import { closeDevice, encodeNotify, openPageDevice, Scratch } from "./device.ts";
import { commonError, type Device, notifyError } from "./errors.ts";
import { grants, mapGrantsError, takeGrantsError } from "./grant_errors.ts";
import { type FileHoldings, watchFile } from "./leaks.ts";
import type { Libc, LibcMapping } from "./libc.ts";
import type { OwnGrantGuard } from "./own_grants.ts";

/**
 * Makes a backend that maps grants of other domains through the device at `path`. Opens nothing yet.
 *
 * @param guard Refuses grants of this domain. Without it, none are refused.
 */
export function linuxMapBackend(
  libc: Libc,
  path = "/dev/xen/gntdev",
  guard?: OwnGrantGuard,
  warnOfLeaks = false,
): MapBackend {
  return new LinuxMapBackend({ path, driver: "xen_gntdev", libc, warnOfLeaks }, guard);
}

class LinuxMapBackend implements MapBackend {
  static {
    showAs(LinuxMapBackend, "MapBackend", ({ name }) => ({ name }));
  }

  readonly name: string;
  readonly device: Device;
  readonly guard: OwnGrantGuard | undefined;
  readonly scratch: Scratch = new Scratch("map");
  readonly copyScratch: Scratch = new Scratch("copy");

  constructor(device: Device, guard: OwnGrantGuard | undefined) {
    this.device = device;
    this.guard = guard;
    this.name = device.path;
  }

  open(): MapFile {
    return new LinuxMapFile(this, openPageDevice(this.device));
  }
}

/** For the warning of a file that was dropped. */
const MAPS = { owner: "GrantMapper and its mappings", things: ["mapping mapped", "mappings mapped"] } as const;

class LinuxMapFile implements MapFile {
  readonly #held: FileHoldings;
  readonly #backend: LinuxMapBackend;
  readonly #device: Device;
  readonly #fd: number;

  constructor(backend: LinuxMapBackend, fd: number) {
    this.#backend = backend;
    this.#device = backend.device;
    this.#fd = fd;
    this.#held = watchFile(this, backend.device, MAPS);
  }

  map(domid: number | readonly number[], grefs: readonly number[], writable: boolean): PeerMemory {
    this.#backend.guard?.checkMap(domid, grefs.length);
    const doing = `map ${grants(domid, grefs.length)}`;
    const request = this.#backend.scratch.request(mapGrantRefSize(grefs.length));
    encodeMapGrantRef(request.view, domid, grefs);
    const result = this.#device.libc.ioctl(this.#fd, IOCTL_GNTDEV_MAP_GRANT_REF, request.bytes);
    if (result < 0) throw takeGrantsError(this.#device, doing, grefs.length, -result);

    const index = decodeMapGrantRef(request.view);
    const mapping = this.#device.libc.mmap(this.#fd, index, grefs.length * PAGE_SIZE, writable);
    if (typeof mapping === "number") {
      this.forget(index, grefs.length);
      throw mapGrantsError(this.#device, doing, domid, writable, -mapping);
    }
    this.#held.count++;
    return new LinuxPeerMemory(this, mapping, index, grefs.length, doing);
  }

  copy(segments: readonly CopySegment[]): readonly number[] {
    return copyGrants(this.#device, this.#fd, this.#backend.copyScratch, segments);
  }

  close(): void {
    this.#held.closed = true;
    closeDevice(this.#device, this.#fd);
  }

  get device(): Device {
    return this.#device;
  }

  /** Ends the use of a mapping, after the last view of it is gone. Returns a negative errno if it fails. */
  end(index: number, count: number): number {
    this.#held.count--;
    return this.forget(index, count);
  }

  /** Makes the device forget grants that are not mapped. Returns a negative errno if it fails. */
  forget(index: number, count: number): number {
    const request = this.#backend.scratch.request(RUN_SIZE);
    encodeRun(request.view, index, count);
    return this.#device.libc.ioctl(this.#fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, request.bytes);
  }

  /** Sets the unmap notify of the mapping at an index. Returns a negative errno if it fails. */
  setUnmapNotify(index: number, notify: UnmapNotify): number {
    const request = this.#backend.scratch.request(UNMAP_NOTIFY_SIZE);
    encodeNotify(request.view, index, notify);
    return this.#device.libc.ioctl(this.#fd, IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, request.bytes);
  }
}

class LinuxPeerMemory implements PeerMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #file: LinuxMapFile;
  readonly #mapping: LibcMapping;
  readonly #index: number;
  readonly #count: number;
  readonly #doing: string;

  /** @param doing The operation that made the mapping, for error messages: "map 2 grants of domain 1". */
  constructor(file: LinuxMapFile, mapping: LibcMapping, index: number, count: number, doing: string) {
    this.bytes = mapping.bytes;
    this.#file = file;
    this.#mapping = mapping;
    this.#index = index;
    this.#count = count;
    this.#doing = doing;
  }

  setUnmapNotify(notify: UnmapNotify): void {
    const result = this.#file.setUnmapNotify(this.#index, notify);
    if (result < 0) {
      throw notifyError(this.#file.device, "set the unmap notify of a mapping", notify.eventPort, -result);
    }
  }

  unmap(): void {
    const unmapped = this.#mapping.unmap();
    // The kernel ends the mapping and fires its notify only after both calls.
    const forgotten = this.#file.end(this.#index, this.#count);
    const failed = unmapped < 0 ? unmapped : forgotten;
    if (failed < 0) throw commonError(this.#file.device, "unmap", `un${this.#doing}`, -failed);
  }
}
