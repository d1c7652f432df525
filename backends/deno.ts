/**
 * Xen's grant devices from Deno: `/dev/xen/gntalloc` to share pages, `/dev/xen/gntdev` to map what others share.
 *
 * They are reached through Deno's foreign function interface, so a program runs with `--allow-ffi`, on Linux on x86-64 or
 * aarch64. The flag takes no path here: with one, Deno refuses what is needed to read error numbers and to see mapped memory.
 * No other permission is needed.
 *
 * When a mapping ends, its bytes are detached: every view of them has length 0. Asynchronous work on them, such as writing
 * them to a file or reading into them from a socket, must be over by then: what is under way goes on at the same addresses, where
 * there may be another mapping by then. Give such work a copy.
 *
 * @module
 */

import { GrantError } from "../src/errors.ts";
import type { GrantBackend, MapBackend } from "./backend.ts";
import type { Libc, LibcMapping } from "./libc.ts";
import { linuxGrantBackend, linuxMapBackend } from "./linux.ts";

/** Where a backend of Deno's finds what it needs. */
export interface DenoBackendOptions {
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
 * use, which throws a {@linkcode GrantError} where that cannot be: `permission` without `--allow-ffi` or without access to the
 * device, `no-device` where there is no Xen or no driver, `unsupported` off Linux or without the C library.
 *
 * @param options The C library and the device, where they are not the usual ones.
 * @returns The backend, to make a `GrantDevice` with.
 *
 * @example Share real pages in a Xen domain, simulated ones elsewhere
 * ```ts
 * import { GrantDevice, GrantError } from "@gntalloc/gntalloc";
 * import { denoGrantBackend } from "@gntalloc/gntalloc/deno";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * function grantBackend() {
 *   const backend = denoGrantBackend();
 *   try {
 *     backend.open().close();
 *     return backend;
 *   } catch (error) {
 *     if (error instanceof GrantError && error.code === "no-device") return new MockXen().domain(1).grantBackend();
 *     throw error;
 *   }
 * }
 *
 * const device = new GrantDevice(grantBackend());
 * using allocator = device.open();
 * using pages = allocator.allocate(0, { pages: 2, writable: true });
 * assert.equal(pages.grefs.length, 2);
 * ```
 */
export function denoGrantBackend(options: DenoBackendOptions = {}): GrantBackend {
  return linuxGrantBackend(denoLibc(options.libc), options.device);
}

/**
 * Makes a backend that maps pages of other domains through `/dev/xen/gntdev`. Nothing is loaded or opened before its first
 * use, which throws a {@linkcode GrantError} where that cannot be, as with {@linkcode denoGrantBackend}.
 *
 * @param options The C library and the device, where they are not the usual ones.
 * @returns The backend, to make a `GrantMapper` with.
 *
 * @example Read a page that domain 1 shares under the reference 42, or say why not
 * ```ts
 * import { GrantError, GrantMapper } from "@gntalloc/gntalloc";
 * import { denoMapBackend } from "@gntalloc/gntalloc/deno";
 * import assert from "node:assert/strict";
 *
 * using mapper = new GrantMapper(denoMapBackend());
 * try {
 *   using theirs = mapper.map(1, [42]);
 *   console.log(theirs.read(0, 16));
 * } catch (error) {
 *   assert(error instanceof GrantError);
 *   console.error(error.code, error.message);
 * }
 * ```
 */
export function denoMapBackend(options: DenoBackendOptions = {}): MapBackend {
  return linuxMapBackend(denoLibc(options.libc), options.device);
}

/** What is called, as C declares it. `long`, `size_t` and `off_t` have 64 bits; of an ioctl's request the kernel reads 32. */
const SYMBOLS = {
  /** `int open(const char *path, int flags, ...)` */
  open: { parameters: ["buffer", "i32"], result: "i32" },
  /** `int close(int fd)` */
  close: { parameters: ["i32"], result: "i32" },
  /** `ssize_t read(int fd, void *bytes, size_t length)` */
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** `int ioctl(int fd, unsigned long request, ...)` */
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  /** `void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)` */
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  /** `int munmap(void *address, size_t length)` */
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  /** `int *__errno_location(void)`: one for each thread. */
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

const O_RDONLY = 0;
const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
/** Bytes read of a text file. */
const TEXT_SIZE = 4096;

interface Library {
  readonly symbols: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  /** Where this thread's error number is: right on the line after a call, as any other call of Deno's may change it. */
  readonly errno: Int32Array<ArrayBuffer>;
  /** What `mmap` returns when it fails. */
  readonly mapFailed: Deno.PointerObject;
}

const libraries = new Map<string | undefined, DenoLibc>();

function denoLibc(path: string | undefined): DenoLibc {
  let libc = libraries.get(path);
  if (libc === undefined) libraries.set(path, libc = new DenoLibc(path));
  return libc;
}

class DenoLibc implements Libc {
  readonly #path: string | undefined;
  #library: Library | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  open(path: string): number {
    return this.#open(path, O_RDWR);
  }

  close(fd: number): number {
    const { symbols, errno } = this.#load();
    const result = symbols.close(fd);
    return result < 0 ? -errno[0]! : 0;
  }

  ioctl(fd: number, request: number, bytes: Uint8Array<ArrayBuffer>): number {
    const { symbols, errno } = this.#load();
    const result = symbols.ioctl(fd, request, bytes);
    return result < 0 ? -errno[0]! : result;
  }

  mmap(fd: number, offset: number, length: number, writable: boolean): LibcMapping | number {
    const library = this.#load();
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const pointer = library.symbols.mmap(null, BigInt(length), protection, MAP_SHARED, fd, BigInt(offset));
    const errno = library.errno[0]!;
    if (pointer === null || Deno.UnsafePointer.equals(pointer, library.mapFailed)) return -errno;
    return new DenoMapping(library, pointer, length);
  }

  readText(path: string): string | number {
    const { symbols, errno } = this.#load();
    const fd = this.#open(path, O_RDONLY);
    if (fd < 0) return fd;
    const bytes = new Uint8Array(TEXT_SIZE);
    const size = Number(symbols.read(fd, bytes, BigInt(bytes.length)));
    const failure = errno[0]!;
    symbols.close(fd);
    return size < 0 ? -failure : new TextDecoder().decode(bytes.subarray(0, size));
  }

  #open(path: string, flags: number): number {
    const { symbols, errno } = this.#load();
    const name = new TextEncoder().encode(`${path}\0`);
    const fd = symbols.open(name, flags | O_CLOEXEC);
    return fd < 0 ? -errno[0]! : fd;
  }

  #load(): Library {
    return this.#library ??= load(this.#path);
  }
}

// A view's properties are its owner's to redefine: what guards against reaching unmapped memory must not go through them.
const { transfer } = ArrayBuffer.prototype;
const isDetached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")!.get!;

class DenoMapping implements LibcMapping {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #buffer: ArrayBuffer;
  #ended = false;
  readonly #library: Library;
  readonly #pointer: Deno.PointerObject;
  readonly #length: bigint;

  constructor(library: Library, pointer: Deno.PointerObject, length: number) {
    this.#buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, length);
    this.bytes = new Uint8Array(this.#buffer);
    this.#library = library;
    this.#pointer = pointer;
    this.#length = BigInt(length);
  }

  unmap(): number {
    // By now the addresses may be another mapping's.
    if (this.#ended) return 0;
    if (isDetached.call(this.#buffer)) {
      const replaced = this.#replace();
      this.#ended = replaced === 0;
      return replaced;
    }
    this.#ended = true;
    transfer.call(this.#buffer, 0);
    const { symbols, errno } = this.#library;
    const result = symbols.munmap(this.#pointer, this.#length);
    return result < 0 ? -errno[0]! : 0;
  }

  /** Somebody, here or in another thread, has the memory now: ordinary memory takes its place, at once and for good. */
  #replace(): number {
    const { symbols, errno, mapFailed } = this.#library;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    const result = symbols.mmap(this.#pointer, this.#length, PROT_READ | PROT_WRITE, flags, -1, 0n);
    const failure = errno[0]!;
    return Deno.UnsafePointer.equals(result, mapFailed) ? -failure : 0;
  }
}

function load(path: string | undefined): Library {
  if (Deno.build.os !== "linux") {
    throw new GrantError(`Cannot use Xen's devices as this must run on Linux: current system is ${Deno.build.os}`, {
      code: "unsupported",
      operation: "open",
    });
  }
  const names = path === undefined ? ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`] : [path];
  let cause: unknown;
  for (const name of names) {
    try {
      const { symbols } = Deno.dlopen(name, SYMBOLS);
      return {
        symbols,
        errno: new Int32Array(Deno.UnsafePointerView.getArrayBuffer(symbols.__errno_location()!, 4)),
        mapFailed: Deno.UnsafePointer.create(2n ** 64n - 1n)!,
      };
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) {
        throw new GrantError(
          "Cannot use Xen's devices as Deno must be allowed to call the C library: run it with --allow-ffi, without a path",
          { code: "permission", operation: "open", cause: error },
        );
      }
      cause ??= error;
    }
  }
  throw new GrantError(
    `Cannot use Xen's devices as the C library must be loadable by one of these names: ${names.join(", ")}. ` +
      "Give the right one in the option `libc`",
    { code: "unsupported", operation: "open", cause },
  );
}
