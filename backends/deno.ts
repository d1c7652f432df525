/**
 * Xen's devices from Deno: `/dev/xen/gntalloc` to share pages, `/dev/xen/gntdev` to map and copy pages of other
 * domains, `/dev/xen/evtchn` for event channels, and `/dev/xen/xenbus` for XenStore.
 *
 * The backend uses Deno's foreign function interface, on Linux on x86-64 or aarch64. Run programs with `--allow-ffi`;
 * no other permission is needed. Give the flag no path: with one, Deno refuses to read error numbers and mapped memory.
 *
 * When a mapping ends, its bytes are detached: every view of them has length 0. Before that, await asynchronous work on
 * a view, such as writing it to a file or reading into it from a socket, or give that work a copy. Otherwise it
 * continues at the same addresses, where another mapping may be by then.
 *
 * @module
 */

import type { XenDomain } from "../src/contract/backend.ts";
import { GrantError } from "../src/contract/errors.ts";
import { linuxDomain, type LinuxDomainOptions, readDomainOptions } from "./linux/domain.ts";
import { anonymousMemory, libcCache, type LibcCalls, loadByName, unsupported } from "./linux/libc_calls.ts";
import { Poller } from "./linux/poller.ts";

export type * from "../src/contract/interfaces.ts";
export type { LinuxDomainOptions };

/**
 * Returns the domain that this program runs in, on the devices of Linux.
 *
 * Nothing is loaded or opened before its first use. That use throws a {@linkcode GrantError} if it cannot work:
 * `permission` without `--allow-ffi` or without access to the device, `no-device` without Xen or the driver, and
 * `unsupported` in a runtime other than Deno, on a system other than Linux, without the C library, or on a kernel whose
 * pages are larger than 4096 bytes.
 *
 * Waiting for events takes one thread for the whole program, and one for each worker. The thread exists only while
 * something waits, and keeps the program alive only then.
 *
 * @param options Where the C library and the devices are, if not in the usual places, and what is allowed.
 * @returns The domain. Pass it to `GrantDevice`, `GrantMapper` and `EventChannels`.
 * @throws {TypeError} if an option is unknown or has a wrong value.
 *
 * @example Run on the devices in a Xen domain, and on a simulated Xen elsewhere
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
 * @example Read a page that domain 1 shares with reference 42, or print why that fails
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
export function denoDomain(options?: LinuxDomainOptions): XenDomain {
  const read = readDomainOptions(options);
  return linuxDomain(denoLibc(read.libc), read, isX86);
}

/**
 * The functions of the C library, as C declares them. `long`, `size_t` and `off_t` have 64 bits. The kernel reads 32
 * bits of an ioctl's request.
 */
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
  /** `int socket(int domain, int type, int protocol)` */
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `int connect(int fd, const struct sockaddr *address, socklen_t length)` */
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** `ssize_t send(int fd, const void *bytes, size_t length, int flags)` */
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  /** `char *getenv(const char *name)` */
  getenv: { parameters: ["buffer"], result: "pointer" },
  /** `void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)` */
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  /** `int munmap(void *address, size_t length)` */
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  /** `int getpagesize(void)` */
  getpagesize: { parameters: [], result: "i32" },
  /** `int epoll_create1(int flags)` */
  epoll_create1: { parameters: ["i32"], result: "i32" },
  /** `int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)` */
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** `int epoll_wait(int epoll, struct epoll_event *events, int maximum, int timeout)` */
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  /** The same in another thread. Its errno cannot be read. */
  epoll_wait_in_thread: {
    name: "epoll_wait",
    parameters: ["i32", "pointer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  /** `int eventfd(unsigned int value, int flags)` */
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  /** `int *__errno_location(void)`: of the calling thread. */
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

const denoLibc = libcCache(load);

const isX86 = typeof Deno !== "undefined" && Deno.build?.arch === "x86_64";

function load(path: string | undefined): LibcCalls<Deno.PointerObject> {
  if (typeof Deno === "undefined") throw notDeno();
  if (Deno.build.os !== "linux") throw unsupported(`they need Linux, and the current system is ${Deno.build.os}`);
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
    socket(domain, type, protocol) {
      const fd = symbols.socket(domain, type, protocol);
      return fd < 0 ? -errno[0]! : fd;
    },
    connect(fd, address) {
      const result = symbols.connect(fd, address, address.length);
      return result < 0 ? -errno[0]! : result;
    },
    send(fd, bytes, flags) {
      const size = symbols.send(fd, bytes, BigInt(bytes.length), flags);
      const failure = errno[0]!;
      return size < 0 ? -failure : Number(size);
    },
    getenv(name) {
      const value = symbols.getenv(name);
      return value === null ? undefined : Deno.UnsafePointerView.getCString(value);
    },
    mmap(address, length, protection, flags, fd, offset) {
      // Comparing pointers costs more than everything else here, so this compares them only if the call has set errno.
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
    getpagesize: () => symbols.getpagesize(),
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
    epollCheck(epoll, events, maximum) {
      const count = symbols.epoll_wait(epoll, events, maximum, 0);
      return count < 0 ? -errno[0]! : count;
    },
    epollWait: (epoll, events, maximum) => symbols.epoll_wait_in_thread(epoll, events, maximum, -1),
    eventfd(value, flags) {
      const fd = symbols.eventfd(value, flags);
      return fd < 0 ? -errno[0]! : fd;
    },
    memory: (length) => anonymousMemory(calls, length),
  }, Deno.build.arch === "x86_64");
  return { ...calls, whenReadable: (fd, callback) => poller.whenReadable(fd, callback) };
}

function notDeno(): GrantError {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return unsupported(
    process?.versions?.node === undefined
      ? "this is neither Deno nor Node. Use MockXen of @gntalloc/gntalloc/mock."
      : "this is not Deno. Use nodeDomain() of @gntalloc/gntalloc/node.",
  );
}

function loadLibrary(name: string) {
  try {
    const { symbols } = Deno.dlopen(name, SYMBOLS);
    return {
      symbols,
      /** The errno of this thread. */
      errno: new Int32Array(Deno.UnsafePointerView.getArrayBuffer(symbols.__errno_location()!, 4)),
      mapFailed: Deno.UnsafePointer.create(2n ** 64n - 1n)!,
    };
  } catch (error) {
    // With a path, the flag allows loading and calling, but nothing that uses pointers.
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new GrantError(
      "Cannot use Xen's devices: Deno may not call the C library. Run it with --allow-ffi, without a path.",
      { code: "permission", operation: "open", cause: error },
    );
  }
}
