/**
 * Xen's devices from Deno: `/dev/xen/gntalloc` to share pages, `/dev/xen/gntdev` to map and to copy what others share, and
 * `/dev/xen/evtchn` for event channels.
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

import { GrantError } from "../src/contract/errors.ts";
import type { XenDomain } from "../src/contract/backend.ts";
import { linuxDomain, type LinuxDomainOptions } from "./linux/domain.ts";
import { anonymousMemory, type LibcCalls, libcOver, loadByName, unsupported } from "./linux/libc_calls.ts";
import { Poller } from "./linux/poller.ts";

export type { LinuxDomainOptions, XenDomain };

/**
 * The domain that this program runs in, by Linux's devices.
 *
 * Nothing is loaded or opened before it is first used. That first use throws a {@linkcode GrantError} if it cannot work:
 * `permission` without `--allow-ffi` or without access to the device, `no-device` where there is no Xen or no driver, `unsupported`
 * off Linux or without the C library.
 *
 * Waiting for events takes one thread for the whole program (and one for each worker). The thread exists only while something waits,
 * and only then keeps the program alive.
 *
 * @param options Other places of the C library and the devices.
 * @returns The domain. Pass it to `GrantDevice`, `GrantMapper` and `EventChannels`.
 *
 * @example Run on the devices of a Xen domain, and on a simulated machine elsewhere
 * ```ts
 * import { GrantDevice, GrantError, type XenDomain } from "@gntalloc/gntalloc";
 * import { denoDomain } from "@gntalloc/gntalloc/deno";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * function domain(): XenDomain {
 *   const domain = denoDomain();
 *   try {
 *     domain.grants.open().close();
 *     return domain;
 *   } catch (error) {
 *     if (error instanceof GrantError && error.code === "no-device") return new MockXen().domain(1);
 *     throw error;
 *   }
 * }
 *
 * using device = new GrantDevice(domain());
 * using pages = device.open().allocate(0, { pages: 2, writable: true });
 * assert.equal(pages.grefs.length, 2);
 * ```
 *
 * @example Read a page that domain 1 shares by reference 42, or say why not
 * ```ts
 * import { GrantError, GrantMapper } from "@gntalloc/gntalloc";
 * import { denoDomain } from "@gntalloc/gntalloc/deno";
 * import assert from "node:assert/strict";
 *
 * using mapper = new GrantMapper(denoDomain());
 * try {
 *   using theirs = mapper.map(1, [42]);
 *   console.log(theirs.read(0, 16));
 * } catch (error) {
 *   assert(error instanceof GrantError);
 *   console.error(error.code, error.message);
 * }
 * ```
 */
export function denoDomain(options: LinuxDomainOptions = {}): XenDomain {
  return linuxDomain(denoLibc(options.libc), options);
}

/** What is called, as C declares it. `long`, `size_t` and `off_t` have 64 bits; of an ioctl's request the kernel reads 32. */
const SYMBOLS = {
  /** `int open(const char *path, int flags, ...)` */
  open: { parameters: ["buffer", "i32"], result: "i32" },
  /** `int close(int fd)` */
  close: { parameters: ["i32"], result: "i32" },
  /** `ssize_t read(int fd, void *bytes, size_t length)` */
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** `ssize_t write(int fd, const void *bytes, size_t length)` */
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** `int ioctl(int fd, unsigned long request, ...)` */
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  /** `void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)` */
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  /** `int munmap(void *address, size_t length)` */
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  /** `int epoll_create1(int flags)` */
  epoll_create1: { parameters: ["i32"], result: "i32" },
  /** `int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)` */
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** `int epoll_wait(int epoll, struct epoll_event *events, int maximum, int timeout)` */
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  /** The same in another thread, whose error number is lost. */
  epoll_wait_elsewhere: {
    name: "epoll_wait",
    parameters: ["i32", "pointer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  /** `int eventfd(unsigned int value, int flags)` */
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  /** `int *__errno_location(void)`: one for each thread. */
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

const denoLibc = libcOver(load);

function load(path: string | undefined): LibcCalls<Deno.PointerObject> {
  if (Deno.build.os !== "linux") throw unsupported(`this must run on Linux: current system is ${Deno.build.os}`);
  const { symbols, errno, mapFailed } = loadByName(path, Deno.build.arch, loadLibrary);
  const calls: Omit<LibcCalls<Deno.PointerObject>, "whenReadable"> = {
    open(path, flags) {
      const fd = symbols.open(path, flags);
      return fd < 0 ? -errno[0]! : fd;
    },
    close(fd) {
      const result = symbols.close(fd);
      return result < 0 ? -errno[0]! : 0;
    },
    read(fd, bytes) {
      const size = symbols.read(fd, bytes, BigInt(bytes.length));
      const failure = errno[0]!;
      return size < 0 ? -failure : Number(size);
    },
    write(fd, bytes) {
      const size = symbols.write(fd, bytes, BigInt(bytes.length));
      const failure = errno[0]!;
      return size < 0 ? -failure : Number(size);
    },
    ioctl(fd, request, bytes) {
      const result = symbols.ioctl(fd, request, bytes);
      return result < 0 ? -errno[0]! : result;
    },
    mmap(address, length, protection, flags, fd, offset) {
      // To compare pointers costs more than all the rest: only where there is an error number, as there is after a failure.
      errno[0] = 0;
      const result = symbols.mmap(address, BigInt(length), protection, flags, fd, BigInt(offset));
      const failure = errno[0]!;
      const failed = result === null || (failure !== 0 && Deno.UnsafePointer.equals(result, mapFailed));
      return failed ? -failure : result;
    },
    munmap(address, length) {
      const result = symbols.munmap(address, BigInt(length));
      return result < 0 ? -errno[0]! : 0;
    },
    view: (address, length) => Deno.UnsafePointerView.getArrayBuffer(address, length),
    address: (buffer) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)),
  };
  const poller = new Poller<Deno.PointerObject>({
    read: calls.read,
    write: calls.write,
    close: calls.close,
    epollCreate(flags) {
      const fd = symbols.epoll_create1(flags);
      return fd < 0 ? -errno[0]! : fd;
    },
    epollControl(epoll, operation, fd, event) {
      const result = symbols.epoll_ctl(epoll, operation, fd, event);
      return result < 0 ? -errno[0]! : result;
    },
    epollLook(epoll, events, maximum) {
      const count = symbols.epoll_wait(epoll, events, maximum, 0);
      return count < 0 ? -errno[0]! : count;
    },
    epollWait: (epoll, events, maximum) => symbols.epoll_wait_elsewhere(epoll, events, maximum, -1),
    eventfd(value, flags) {
      const fd = symbols.eventfd(value, flags);
      return fd < 0 ? -errno[0]! : fd;
    },
    memory: (length) => anonymousMemory(calls, length),
  }, Deno.build.arch === "x86_64");
  return { ...calls, whenReadable: (fd, callback) => poller.whenReadable(fd, callback) };
}

function loadLibrary(name: string) {
  try {
    const { symbols } = Deno.dlopen(name, SYMBOLS);
    return {
      symbols,
      /** Where this thread's error number is. */
      errno: new Int32Array(Deno.UnsafePointerView.getArrayBuffer(symbols.__errno_location()!, 4)),
      mapFailed: Deno.UnsafePointer.create(2n ** 64n - 1n)!,
    };
  } catch (error) {
    // With a path, the flag allows to load and to call, and nothing that has to do with pointers.
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new GrantError(
      "Cannot use Xen's devices as Deno must be allowed to call the C library: run it with --allow-ffi, without a path",
      { code: "permission", operation: "open", cause: error },
    );
  }
}
