import { type GrantBackend, type MapBackend, PAGE_SIZE, type UnmapNotify } from "../../src/contract/backend.ts";
import { errnoName } from "../../src/contract/errno.ts";
import { type MockMemory, MockXen } from "../../backends/mock.ts";
import {
  type GrantAllocator,
  GrantDevice,
  GrantError,
  GrantMapper,
  type Mapping,
  type WritableMapping,
} from "../../mod.ts";
import { deviceErrno } from "./device_errno.ts";
import { FIRST_LIMIT } from "./executor.ts";
import { type File, type Machine, type Mapped, Refused } from "./machine.ts";

/** Faults that a test plants, to see whether they are found. */
export interface LibraryMachineOptions {
  /** The compiled core. Default is the embedded one. */
  core?: WebAssembly.Module;
  /** Replaces the backend of the granter. */
  grantBackend?(backend: GrantBackend): GrantBackend;
  /** Replaces the backend of the peer. */
  mapBackend?(backend: MapBackend): MapBackend;
  /** Default is `linux-6.1`. */
  profile?: "linux-5.16" | "linux-6.1";
  /** The memory of its pages. Default is `buffers`. */
  memory?: MockMemory;
}

/** This library, used through its public API on a simulated Xen with one domain. */
export class LibraryMachine implements Machine {
  readonly #xen: MockXen;
  readonly #device: GrantDevice;
  readonly #mapper: GrantMapper;

  constructor(
    { core, grantBackend, mapBackend, profile = "linux-6.1", memory = "buffers" }: LibraryMachineOptions = {},
  ) {
    this.#xen = new MockXen({ profile, memory, limit: FIRST_LIMIT });
    const domain = this.#xen.domain(0);
    const granter = domain.grants;
    const peer = domain.maps;
    this.#device = new GrantDevice({ grants: grantBackend ? grantBackend(granter) : granter }, core ? { core } : {});
    this.#mapper = new GrantMapper({ maps: mapBackend ? mapBackend(peer) : peer });
  }

  setLimit(pages: number): void {
    this.#xen.domain(0).limit = pages < 0 ? Infinity : pages;
  }

  open(): File {
    return new LibraryFile(refusing(() => this.#device.open()));
  }

  peerMap(grefs: readonly number[], writable: boolean): Mapped {
    return new LibraryMemory(refusing(() => this.#mapper.map(0, grefs, { writable })));
  }
}

class LibraryFile implements File {
  readonly #allocator: GrantAllocator;

  constructor(allocator: GrantAllocator) {
    this.#allocator = allocator;
  }

  allocate(domid: number, pages: number, writable: boolean): { page: number; grefs: readonly number[] } {
    return refusing(() => this.#allocator.allocate(domid, { pages, writable }));
  }

  free(page: number, pages: number): void {
    refusing(() => this.#allocator.free(page, pages));
  }

  map(page: number, pages: number, writable: boolean): Mapped {
    return new LibraryMemory(refusing(() => this.#allocator.map(page, pages, { writable })));
  }

  notify(page: number, clearByte: number | undefined, eventPort: number | undefined): void {
    const notify: UnmapNotify = {
      ...(clearByte === undefined ? {} : { clearByte }),
      ...(eventPort === undefined ? {} : { eventPort }),
    };
    refusing(() => this.#allocator.setUnmapNotify(page, notify));
  }

  close(): void {
    refusing(() => this.#allocator.close());
  }
}

class LibraryMemory implements Mapped {
  readonly #mapping: Mapping;

  constructor(mapping: Mapping) {
    this.#mapping = mapping;
  }

  read(page: number): Uint8Array {
    return refusing(() => this.#mapping.read(page * PAGE_SIZE, PAGE_SIZE));
  }

  write(offset: number, byte: number): void {
    for (const part of (this.#mapping as WritableMapping).parts) {
      if (offset >= 0 && offset < part.length) part[offset] = byte;
      offset -= part.length;
    }
  }

  unmap(): void {
    refusing(() => this.#mapping.unmap());
  }
}

/** Returns what a call returns, or the answer of the device for an error that it throws. */
function refusing<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const errno = error instanceof GrantError ? deviceErrno(error) : undefined;
    throw errno === undefined ? error : new Refused(errnoName(errno));
  }
}
