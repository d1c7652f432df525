/**
 * A C library for tests of the Linux backends: it answers as Xen's devices do.
 *
 * @module
 */

import { beforeEach } from "vitest";
import * as copying from "../../backends/linux/abi/copy.ts";
import * as evtchn from "../../backends/linux/abi/events.ts";
import * as abi from "../../backends/linux/abi/grants.ts";
import { GNTALLOC_LIMIT, HYPERVISOR_TYPE } from "../../backends/linux/errors.ts";
import { XENBUS } from "../../backends/linux/xenbus.ts";
import type { Libc, LibcMapping } from "../../backends/linux/libc.ts";
import { PAGE_SIZE } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";

type Call = "open" | "connect" | "close" | "read" | "write" | "send" | "ioctl" | "mmap" | "munmap" | "wait";

/** Xen's name for the domain that asks. */
const DOMID_SELF = 0x7ff0;

/** A C library that answers as the devices do, logs its calls, and fails on demand. */
export class FakeLibc implements Libc {
  /** The calls, in order. */
  log: string[] = [];
  /** The sizes of the ioctls' requests. */
  sizes: number[] = [];
  texts: Record<string, string> = { [GNTALLOC_LIMIT]: "1024\n", [HYPERVISOR_TYPE]: "xen\n" };
  pageBytes = 4096;
  /**
   * What reads of XenStore's device or socket return, in order: bytes, or a negative errno. If it is `undefined`, there
   * is no such device.
   */
  xenstore: (Uint8Array | number)[] | undefined;
  /** The number of the domain that this is: nobody else can bind to the ports that were allocated for it. */
  ownDomid = 7;
  /** The domain that the last port was allocated for. */
  #portFor = -1;
  /** The most bytes that each send takes: all of them, if there is no number for it. */
  sends: number[] = [];
  variables: Record<string, string> = {};
  openFiles = 0;
  liveMappings = 0;
  /** The statuses that the segments of a copy get. */
  statuses: number[] = [];
  /** The ports that each read of event channels returns. */
  ports: number[][] = [];
  /** The callbacks of waits, by descriptor. A wait is over once its callback is called. */
  waiting = new Map<number, () => void>();
  /** The made-up addresses of memory. */
  readonly #addresses = new Map<ArrayBuffer, bigint>();
  #nextFd = 3;
  /** The descriptor of XenStore's device or socket. */
  #xenbus = -1;
  #nextIndex = 0;
  #failures: { call: Call; skip: number; errno: number }[] = [];

  /** Makes a call fail, after `skip` more of its kind. */
  fail(call: Call, errno: number, skip = 0): void {
    this.#failures.push({ call, skip, errno });
  }

  open(path: string, nonblocking?: boolean): number {
    this.log.push(`open ${path}${nonblocking ? " nonblocking" : ""}`);
    const failure = this.#failure("open");
    if (failure < 0) return failure;
    if (path === XENBUS) {
      if (this.xenstore === undefined) return -Errno.ENOENT;
      this.#xenbus = this.#nextFd;
    }
    this.openFiles++;
    return this.#nextFd++;
  }

  connect(path: string): number {
    this.log.push(`connect ${path}`);
    const failure = this.#failure("connect");
    if (failure < 0) return failure;
    this.xenstore ??= [];
    this.openFiles++;
    return this.#xenbus = this.#nextFd++;
  }

  send(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    this.log.push(`send ${fd} ${hex(bytes)}`);
    const failure = this.#failure("send");
    return failure < 0 ? failure : Math.min(bytes.length, this.sends.shift() ?? Infinity);
  }

  close(fd: number): number {
    this.log.push(`close ${fd}`);
    this.openFiles--;
    return this.#failure("close");
  }

  ioctl(fd: number, request: number, bytes: Uint8Array<ArrayBuffer>): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.log.push(`ioctl ${fd} ${describeRequest(request, view, this)}`);
    this.sizes.push(bytes.byteLength);
    const failure = this.#failure("ioctl");
    if (failure < 0) return failure;
    if (request === abi.IOCTL_GNTALLOC_ALLOC_GREF) {
      const count = view.getUint32(4, true);
      view.setBigUint64(8, BigInt(this.#nextIndex) * 4096n, true);
      for (let i = 0; i < count; i++) view.setUint32(16 + 4 * i, 100 + this.#nextIndex + i, true);
      this.#nextIndex += count;
    } else if (request === abi.IOCTL_GNTDEV_MAP_GRANT_REF) {
      view.setBigUint64(8, BigInt(this.#nextIndex) * 4096n, true);
      this.#nextIndex += view.getUint32(0, true);
    } else if (request === copying.IOCTL_GNTDEV_GRANT_COPY) {
      const segments = this.segments(view);
      for (const [i, status] of this.statuses.entries()) segments.setInt16(24 * i + 20, status, true);
    } else if (request === evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT) {
      this.#portFor = view.getUint32(0, true);
      return 20 + this.#nextIndex++;
    } else if (
      request === evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN && view.getUint32(0, true) === DOMID_SELF &&
      this.#portFor !== this.ownDomid
    ) {
      return -Errno.EINVAL;
    } else if (
      request === evtchn.IOCTL_EVTCHN_BIND_VIRQ || request === evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN
    ) {
      return 20 + this.#nextIndex++;
    }
    return 0;
  }

  read(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    this.log.push(`read ${fd}`);
    const failure = this.#failure("read");
    if (failure < 0) return failure;
    if (fd === this.#xenbus) {
      const answer = this.xenstore?.shift() ?? -Errno.EAGAIN;
      if (typeof answer === "number") return answer;
      const part = answer.subarray(0, bytes.length);
      if (part.length < answer.length) this.xenstore!.unshift(answer.subarray(part.length));
      bytes.set(part);
      return part.length;
    }
    const ports = this.ports.shift();
    if (ports === undefined) return -Errno.EAGAIN;
    bytes.set(new Uint8Array(Uint32Array.from(ports).buffer));
    return 4 * ports.length;
  }

  write(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    if (fd === this.#xenbus) {
      this.log.push(`write ${fd} ${hex(bytes)}`);
      const failure = this.#failure("write");
      return failure < 0 ? failure : bytes.length;
    }
    this.log.push(`write ${fd} ${new Uint32Array(bytes.slice().buffer)}`);
    const failure = this.#failure("write");
    return failure < 0 ? failure : bytes.length;
  }

  /** Returns an address. Addresses are far apart, so that offsets can be added to them. */
  address(buffer: ArrayBuffer): bigint {
    let address = this.#addresses.get(buffer);
    if (address === undefined) this.#addresses.set(buffer, address = 0x1000000n * BigInt(this.#addresses.size + 1));
    return address;
  }

  /** Returns the memory from an address on. */
  at(address: bigint): DataView<ArrayBuffer> {
    for (const [buffer, start] of this.#addresses) {
      const offset = Number(address - start);
      if (offset >= 0 && offset < buffer.byteLength) return new DataView(buffer, offset);
    }
    throw new Error(`nothing is at ${address}`);
  }

  /** Returns the segments of a copy request. */
  segments(view: DataView): DataView<ArrayBuffer> {
    return this.at(view.getBigUint64(8, true));
  }

  whenReadable(fd: number, callback: () => void): (() => void) | number {
    this.log.push(`wait ${fd}`);
    // Node's event loop watches a descriptor only once.
    if (this.waiting.has(fd)) return -Errno.EEXIST;
    const failure = this.#failure("wait");
    if (failure < 0) return failure;
    const end = () => {
      if (this.waiting.get(fd) === callBack) this.waiting.delete(fd);
    };
    const callBack = () => {
      end();
      callback();
    };
    this.waiting.set(fd, callBack);
    return end;
  }

  mmap(fd: number, offset: number, length: number, writable: boolean): LibcMapping | number {
    this.log.push(`mmap ${fd} page ${offset / PAGE_SIZE} length ${length} ${writable ? "rw" : "r"}`);
    const failure = this.#failure("mmap");
    if (failure < 0) return failure;
    this.liveMappings++;
    return {
      bytes: new Uint8Array(length),
      unmap: () => {
        this.log.push("munmap");
        this.liveMappings--;
        return this.#failure("munmap");
      },
    };
  }

  pageSize(): number {
    return this.pageBytes;
  }

  readText(path: string): string | number {
    return this.texts[path] ?? -Errno.ENOENT;
  }

  environment(name: string): string | undefined {
    return this.variables[name];
  }

  #failure(call: Call): number {
    for (const [at, failure] of this.#failures.entries()) {
      if (failure.call !== call) continue;
      if (failure.skip-- > 0) continue;
      this.#failures.splice(at, 1);
      return -failure.errno;
    }
    return 0;
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The C library of the test that runs. */
export let libc: FakeLibc;

/** Gives each test of a file a new {@linkcode libc}. */
export function useFakeLibc(): void {
  beforeEach(() => {
    libc = new FakeLibc();
  });
}

/** Opens a file of a backend on {@linkcode libc}, and forgets the call that it took. */
export function openFile<File>(backend: (libc: Libc) => { open(): File }): File {
  const file = backend(libc).open();
  libc.log = [];
  return file;
}

function describeRequest(request: number, view: DataView, libc: FakeLibc): string {
  const u32 = (offset: number) => view.getUint32(offset, true);
  const index = () => Number(view.getBigUint64(0, true));
  switch (request) {
    case abi.IOCTL_GNTALLOC_ALLOC_GREF:
      return `alloc domid ${view.getUint16(0, true)} flags ${view.getUint16(2, true)} count ${u32(4)}`;
    case abi.IOCTL_GNTALLOC_DEALLOC_GREF:
      return `dealloc page ${index() / PAGE_SIZE} count ${u32(8)}`;
    case abi.IOCTL_GNTALLOC_SET_UNMAP_NOTIFY:
      return `notify index ${index()} action ${u32(8)} port ${u32(12)}`;
    case abi.IOCTL_GNTDEV_MAP_GRANT_REF: {
      const refs = Array.from({ length: u32(0) }, (_, i) => `${u32(16 + 8 * i)}:${u32(20 + 8 * i)}`);
      return `map ${refs.join(" ")}`;
    }
    case abi.IOCTL_GNTDEV_UNMAP_GRANT_REF:
      return `unmap page ${index() / PAGE_SIZE} count ${u32(8)}`;
  }
  switch (request) {
    case copying.IOCTL_GNTDEV_GRANT_COPY:
      return `copy ${Array.from({ length: u32(0) }, (_, i) => describeSegment(libc, libc.segments(view), 24 * i))}`;
    case evtchn.IOCTL_EVTCHN_BIND_VIRQ:
      return `bind VIRQ ${u32(0)}`;
    case evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN:
      return `bind ${u32(0)}:${u32(4)}`;
    case evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT:
      return `bind for ${u32(0)}`;
    case evtchn.IOCTL_EVTCHN_UNBIND:
      return `unbind ${u32(0)}`;
    case evtchn.IOCTL_EVTCHN_NOTIFY:
      return `notify ${u32(0)}`;
    case evtchn.IOCTL_EVTCHN_RESET:
      return "reset";
  }
  throw new Error(`unknown request ${request}`);
}

/** "1:9+100>[7 8 9]x3": 3 bytes of domain 1's reference 9, from byte 100 on, to memory that holds 7, 8, 9 now. */
function describeSegment(libc: FakeLibc, view: DataView, offset: number): string {
  const length = view.getUint16(offset + 16, true);
  const side = (at: number, isGref: boolean) => {
    if (isGref) return `${view.getUint16(at + 6, true)}:${view.getUint32(at, true)}+${view.getUint16(at + 4, true)}`;
    const memory = libc.at(view.getBigUint64(at, true));
    return `[${Array.from({ length: Math.min(length, 3) }, (_, i) => memory.getUint8(i)).join(" ")}]`;
  };
  const flags = view.getUint16(offset + 18, true);
  return `${side(offset, (flags & 1) !== 0)}>${side(offset + 8, (flags & 2) !== 0)}x${length}`;
}
