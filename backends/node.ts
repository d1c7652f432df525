/**
 * Xen's grant devices from Node: `/dev/xen/gntalloc` to share pages, `/dev/xen/gntdev` to map what others share.
 *
 * They are reached through [koffi](https://koffi.dev), an optional peer dependency: `npm install koffi`. It comes with its
 * native library, so nothing is compiled. Node 22 or later, on Linux on x86-64 or aarch64.
 *
 * When a mapping ends, its bytes are detached: every view of them has length 0. Asynchronous work on them, such as writing
 * them to a file or reading into them from a socket, must be over by then: what is under way goes on at the same addresses, where
 * there may be another mapping by then. Give such work a copy.
 *
 * @module
 */

import { createRequire } from "node:module";
import process from "node:process";
import { GrantError } from "../src/errors.ts";
import type { GrantBackend, MapBackend } from "./backend.ts";
import type { Libc, LibcMapping } from "./libc.ts";
import { linuxGrantBackend, linuxMapBackend } from "./linux.ts";

/** Where a backend of Node's finds what it needs. */
export interface NodeBackendOptions {
  /**
   * The C library, by name or by path. By default the first of `libc.so.6` (glibc) and `libc.musl-<arch>.so.1` (musl) that
   * can be loaded.
   */
  libc?: string;
  /** The path of the device. By default `/dev/xen/gntalloc` to grant, and `/dev/xen/gntdev` to map. */
  device?: string;
}

/**
 * Makes a backend that shares pages of this domain through `/dev/xen/gntalloc`. Nothing is loaded or opened before its first
 * use, which throws a {@linkcode GrantError} where that cannot be: `unsupported` without koffi, off Linux, on a Node before 22
 * or without the C library, `permission` without access to the device, `no-device` where there is no Xen or no driver.
 *
 * @param options The C library and the device, where they are not the usual ones.
 * @returns The backend, to make a `GrantDevice` with.
 *
 * @example Share real pages in a Xen domain, simulated ones elsewhere
 * ```ts
 * import { GrantDevice, GrantError } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { nodeGrantBackend } from "@gntalloc/gntalloc/node";
 * import assert from "node:assert/strict";
 *
 * function grantBackend() {
 *   const backend = nodeGrantBackend();
 *   try {
 *     backend.open().close();
 *     return backend;
 *   } catch (error) {
 *     if (!(error instanceof GrantError)) throw error;
 *     console.log(error.message); // there is no Xen here, or no koffi
 *     return new MockXen().domain(1).grantBackend();
 *   }
 * }
 *
 * const device = new GrantDevice(grantBackend());
 * const allocator = device.open();
 * const pages = allocator.allocate(0, { pages: 2, writable: true });
 * assert.equal(pages.grefs.length, 2);
 * device.close();
 * ```
 */
export function nodeGrantBackend(options: NodeBackendOptions = {}): GrantBackend {
  return linuxGrantBackend(nodeLibc(options.libc), options.device);
}

/**
 * Makes a backend that maps pages of other domains through `/dev/xen/gntdev`. Nothing is loaded or opened before its first
 * use, which throws a {@linkcode GrantError} where that cannot be, as with {@linkcode nodeGrantBackend}.
 *
 * @param options The C library and the device, where they are not the usual ones.
 * @returns The backend, to make a `GrantMapper` with.
 *
 * @example Read a page that domain 1 shares under the reference 42, or say why not
 * ```ts
 * import { GrantError, GrantMapper } from "@gntalloc/gntalloc";
 * import { nodeMapBackend } from "@gntalloc/gntalloc/node";
 * import assert from "node:assert/strict";
 *
 * const mapper = new GrantMapper(nodeMapBackend());
 * try {
 *   const theirs = mapper.map(1, [42]);
 *   console.log(theirs.read(0, 16));
 *   theirs.unmap();
 * } catch (error) {
 *   assert(error instanceof GrantError);
 *   console.error(error.code, error.message);
 * }
 * ```
 */
export function nodeMapBackend(options: NodeBackendOptions = {}): MapBackend {
  return linuxMapBackend(nodeLibc(options.libc), options.device);
}

/** As much of koffi as is used here, so that its types need not be installed. */
interface Koffi {
  readonly version: string;
  load(path: string): { func(name: string, result: string, parameters: readonly string[]): unknown };
  /** The error number of the last call that koffi made. */
  errno(): number;
  /** The memory at an address: the address stays its owner's. */
  view(address: bigint, length: number): ArrayBuffer;
}

/** What is called. An address is a bigint, except that `mmap` takes `null` for any. */
interface Calls {
  open(path: Uint8Array, flags: number): number;
  close(fd: number): number;
  read(fd: number, bytes: Uint8Array, length: number): number;
  ioctl(fd: number, request: number, bytes: Uint8Array): number;
  mmap(
    address: bigint | null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): bigint | null;
  munmap(address: bigint, length: number): number;
}

/** The same as C declares it: of an ioctl's request the kernel reads 32 bits. */
const SIGNATURES: { readonly [name in keyof Calls]: readonly [result: string, ...parameters: string[]] } = {
  /** `int open(const char *path, int flags, ...)` */
  open: ["int", "void *", "int"],
  /** `int close(int fd)` */
  close: ["int", "int"],
  /** `ssize_t read(int fd, void *bytes, size_t length)` */
  read: ["intptr_t", "int", "void *", "size_t"],
  /** `int ioctl(int fd, unsigned long request, ...)` */
  ioctl: ["int", "int", "uint32_t", "void *"],
  /** `void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)` */
  mmap: ["void *", "void *", "size_t", "int", "int", "int", "int64_t"],
  /** `int munmap(void *address, size_t length)` */
  munmap: ["int", "void *", "size_t"],
};

const O_RDONLY = 0;
const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
/** What `mmap` returns when it fails. */
const MAP_FAILED = 2n ** 64n - 1n;
/** Bytes read of a text file. */
const TEXT_SIZE = 4096;

interface Library {
  readonly koffi: Koffi;
  readonly calls: Calls;
}

const libraries = new Map<string | undefined, NodeLibc>();

function nodeLibc(path: string | undefined): NodeLibc {
  let libc = libraries.get(path);
  if (libc === undefined) libraries.set(path, libc = new NodeLibc(path));
  return libc;
}

class NodeLibc implements Libc {
  readonly #path: string | undefined;
  #library: Library | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  open(path: string): number {
    return this.#open(path, O_RDWR);
  }

  close(fd: number): number {
    const { calls, koffi } = this.#load();
    const result = calls.close(fd);
    return result < 0 ? -koffi.errno() : 0;
  }

  ioctl(fd: number, request: number, bytes: Uint8Array<ArrayBuffer>): number {
    const { calls, koffi } = this.#load();
    const result = calls.ioctl(fd, request, bytes);
    return result < 0 ? -koffi.errno() : result;
  }

  mmap(fd: number, offset: number, length: number, writable: boolean): LibcMapping | number {
    const library = this.#load();
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = library.calls.mmap(null, length, protection, MAP_SHARED, fd, offset);
    const errno = library.koffi.errno();
    if (address === null || address === MAP_FAILED) return -errno;
    try {
      return new NodeMapping(library, address, length);
    } catch (error) {
      // Electron, for one, has no views of memory that is not its own.
      library.calls.munmap(address, length);
      throw error;
    }
  }

  readText(path: string): string | number {
    const { calls, koffi } = this.#load();
    const fd = this.#open(path, O_RDONLY);
    if (fd < 0) return fd;
    const bytes = new Uint8Array(TEXT_SIZE);
    const size = calls.read(fd, bytes, bytes.length);
    const failure = koffi.errno();
    calls.close(fd);
    return size < 0 ? -failure : new TextDecoder().decode(bytes.subarray(0, size));
  }

  #open(path: string, flags: number): number {
    const { calls, koffi } = this.#load();
    const name = new TextEncoder().encode(`${path}\0`);
    const fd = calls.open(name, flags | O_CLOEXEC);
    return fd < 0 ? -koffi.errno() : fd;
  }

  #load(): Library {
    return this.#library ??= load(this.#path);
  }
}

// A view's properties are its owner's to redefine: what guards against reaching unmapped memory must not go through them.
// A Node that is too old has neither; it is told so at the first use.
const transfer: ArrayBuffer["transfer"] | undefined = ArrayBuffer.prototype.transfer;
const isDetached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get;

class NodeMapping implements LibcMapping {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #buffer: ArrayBuffer;
  #ended = false;
  readonly #library: Library;
  readonly #address: bigint;
  readonly #length: number;

  constructor(library: Library, address: bigint, length: number) {
    this.#buffer = library.koffi.view(address, length);
    this.bytes = new Uint8Array(this.#buffer);
    this.#library = library;
    this.#address = address;
    this.#length = length;
  }

  unmap(): number {
    // By now the addresses may be another mapping's.
    if (this.#ended) return 0;
    if (isDetached!.call(this.#buffer)) {
      const replaced = this.#replace();
      this.#ended = replaced === 0;
      return replaced;
    }
    this.#ended = true;
    transfer!.call(this.#buffer, 0);
    const { calls, koffi } = this.#library;
    const result = calls.munmap(this.#address, this.#length);
    return result < 0 ? -koffi.errno() : 0;
  }

  /** Somebody, here or in another thread, has the memory now: ordinary memory takes its place, at once and for good. */
  #replace(): number {
    const { calls, koffi } = this.#library;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    const result = calls.mmap(this.#address, this.#length, PROT_READ | PROT_WRITE, flags, -1, 0);
    const failure = koffi.errno();
    return result === MAP_FAILED ? -failure : 0;
  }
}

function load(path: string | undefined): Library {
  if (process.platform !== "linux") {
    throw unsupported(`this must run on Linux: current system is ${process.platform}`);
  }
  if (transfer === undefined || isDetached === undefined) {
    throw unsupported(`this must run on Node 22 or later: current version is ${process.version}`);
  }
  const koffi = loadKoffi();
  const arch = ({ x64: "x86_64", arm64: "aarch64" } as Record<string, string>)[process.arch] ?? process.arch;
  const names = path === undefined ? ["libc.so.6", `libc.musl-${arch}.so.1`] : [path];
  let cause: unknown;
  for (const name of names) {
    try {
      const library = koffi.load(name);
      const calls = Object.entries(SIGNATURES).map(([call, [result, ...parameters]]) => {
        return [call, library.func(call, result, parameters)];
      });
      return { koffi, calls: Object.fromEntries(calls) as Calls };
    } catch (error) {
      cause ??= error;
    }
  }
  throw unsupported(
    `the C library must be loadable by one of these names: ${
      names.join(", ")
    }. Give the right one in the option \`libc\``,
    cause,
  );
}

function loadKoffi(): Koffi {
  const wayOut = "run `npm install koffi`, version 3, where this package is installed";
  let koffi: Koffi;
  try {
    // Not by `import`: it is optional, and wanted at once. So no bundler takes it for a part of a program, either.
    koffi = createRequire(import.meta.url)("koffi");
  } catch (cause) {
    throw unsupported(`koffi must be installed to call the C library from Node: ${wayOut}`, cause);
  }
  // An older one has addresses of another type: a mapping that failed would be taken for one that did not.
  if (!(parseInt(koffi.version) >= 3)) {
    throw unsupported(`koffi must be of version 3 or later: current version is ${koffi.version}; ${wayOut}`);
  }
  return koffi;
}

function unsupported(why: string, cause?: unknown): GrantError {
  return new GrantError(`Cannot use Xen's devices as ${why}`, { code: "unsupported", operation: "open", cause });
}
