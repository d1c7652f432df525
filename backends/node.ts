/**
 * Xen's devices from Node: `/dev/xen/gntalloc` to share pages, `/dev/xen/gntdev` to map and copy pages of other
 * domains, `/dev/xen/evtchn` for event channels, and `/dev/xen/xenbus` for XenStore.
 *
 * The backend needs Node 22 or later, on Linux on x86-64 or aarch64, and [koffi](https://koffi.dev), an optional peer
 * dependency: `npm install koffi`. koffi comes with its native library, so nothing is compiled.
 *
 * When a mapping ends, its bytes are detached: every view of them has length 0. Before that, await asynchronous work on
 * a view, such as writing it to a file or reading into it from a socket, or give that work a copy. Otherwise it
 * continues at the same addresses, where another mapping may be by then.
 *
 * @module
 */

import type { XenDomain } from "../src/contract/backend.ts";
import { createRequire } from "node:module";
import process from "node:process";
import { GrantError } from "../src/contract/errors.ts";
import { linuxDomain, type LinuxDomainOptions, readDomainOptions } from "./linux/domain.ts";
import { canDetach, libcCache, type LibcCalls, loadByName, unsupported } from "./linux/libc_calls.ts";
import { keepLoaded, type NodePolling, nodeWaiting } from "./linux/node_waiting.ts";

export type * from "../src/contract/interfaces.ts";
export type { LinuxDomainOptions };

/**
 * Returns the domain that this program runs in, on the devices of Linux.
 *
 * Nothing is loaded or opened before its first use. That use throws a {@linkcode GrantError} if it cannot work:
 * `unsupported` without koffi, in Deno, on a system other than Linux, with a version of Node before 22, without the C
 * library, or on a kernel whose pages are larger than 4096 bytes; `permission` if Node may not load native addons, or
 * without access to the device, and `no-device` without Xen or the driver.
 *
 * Node's own event loop waits for events, without a thread. A wait keeps the program alive.
 *
 * @param options Where the C library and the devices are, if not in the usual places, and what is allowed.
 * @returns The domain. Pass it to `GrantDevice`, `GrantMapper` and `EventChannels`.
 * @throws {TypeError} if an option is unknown or has a wrong value.
 *
 * @example Run on the devices in a Xen domain, and on a simulated Xen elsewhere
 * ```ts
 * import { GrantDevice, GrantError, type XenDomain } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { nodeDomain } from "@gntalloc/gntalloc/node";
 * import assert from "node:assert/strict";
 *
 * function domain(): XenDomain {
 *   const domain = nodeDomain();
 *   try {
 *     domain.grants.open().close();
 *     return domain;
 *   } catch (error) {
 *     if (!(error instanceof GrantError)) throw error;
 *     console.log(error.message); // there is no Xen here, or no koffi
 *     return new MockXen().domain(1);
 *   }
 * }
 *
 * const device = new GrantDevice(domain());
 * const pages = device.open().allocate(0, { pages: 2, writable: true });
 * assert.equal(pages.grefs.length, 2);
 * device.close();
 * ```
 *
 * @example Read a page that domain 1 shares with reference 42, or print why that fails
 * ```ts
 * import { GrantError, GrantMapper } from "@gntalloc/gntalloc";
 * import { nodeDomain } from "@gntalloc/gntalloc/node";
 * import assert from "node:assert/strict";
 *
 * const mapper = new GrantMapper(nodeDomain());
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
export function nodeDomain(options?: LinuxDomainOptions): XenDomain {
  const read = readDomainOptions(options);
  return linuxDomain(nodeLibc(read.libc), read, process.arch === "x64");
}

/** The part of koffi that is used here, so that its types need not be installed. */
interface Koffi {
  readonly version: string;
  load(path: string): { func(name: string, result: string, parameters: readonly string[]): unknown };
  /** Returns the errno of the last call. */
  errno(): number;
  /** Returns the memory at an address. koffi does not free it. */
  view(address: bigint, length: number): ArrayBuffer;
  /** Returns the address of a buffer's memory. */
  address(buffer: ArrayBuffer): bigint;
  readonly node: NodePolling;
}

/** The functions of the C library. Addresses are bigints; `mmap` takes `null` for any address. */
interface CLibrary {
  open(path: Uint8Array, flags: number): number;
  close(fd: number): number;
  read(fd: number, bytes: Uint8Array, length: number): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  poll(descriptors: Uint8Array, count: number, timeout: number): number;
  ioctl(fd: number, request: number, bytes: Uint8Array): number;
  socket(domain: number, type: number, protocol: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  getenv(name: Uint8Array): string | null;
  mmap(
    address: bigint | null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): bigint | null;
  munmap(address: bigint, length: number): number;
  getpagesize(): number;
}

/** The same functions, as C declares them. The kernel reads 32 bits of an ioctl's request. */
const SIGNATURES: { readonly [name in keyof CLibrary]: readonly [result: string, ...parameters: string[]] } = {
  /** `int open(const char *path, int flags, ...)` */
  open: ["int", "void *", "int"],
  /** `int close(int fd)` */
  close: ["int", "int"],
  /** `ssize_t read(int fd, void *bytes, size_t length)` */
  read: ["intptr_t", "int", "void *", "size_t"],
  /** `ssize_t write(int fd, const void *bytes, size_t length)` */
  write: ["intptr_t", "int", "const void *", "size_t"],
  /** `int poll(struct pollfd *descriptors, nfds_t count, int timeout)` */
  poll: ["int", "void *", "size_t", "int"],
  /** `int ioctl(int fd, unsigned long request, ...)` */
  ioctl: ["int", "int", "uint32_t", "void *"],
  /** `int socket(int domain, int type, int protocol)` */
  socket: ["int", "int", "int", "int"],
  /** `int connect(int fd, const struct sockaddr *address, socklen_t length)` */
  connect: ["int", "int", "const void *", "uint32_t"],
  /** `ssize_t send(int fd, const void *bytes, size_t length, int flags)` */
  send: ["intptr_t", "int", "const void *", "size_t", "int"],
  /** `char *getenv(const char *name)` */
  getenv: ["const char *", "const void *"],
  /** `void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)` */
  mmap: ["void *", "void *", "size_t", "int", "int", "int", "int64_t"],
  /** `int munmap(void *address, size_t length)` */
  munmap: ["int", "void *", "size_t"],
  /** `int getpagesize(void)` */
  getpagesize: ["int"],
};

/** What `mmap` returns when it fails. */
const MAP_FAILED = 2n ** 64n - 1n;

const nodeLibc = libcCache(load);

function load(path: string | undefined): LibcCalls<bigint> {
  if ("deno" in process.versions) {
    throw unsupported("this is Deno, not Node. Use denoDomain() of @gntalloc/gntalloc/deno.");
  }
  if (process.platform !== "linux") {
    throw unsupported(`they need Linux, and the current system is ${process.platform}`);
  }
  if (!canDetach) throw unsupported(`they need Node 22 or later, and the current version is ${process.version}`);
  const koffi = loadKoffi();
  const arch = ({ x64: "x86_64", arm64: "aarch64" } as Record<string, string>)[process.arch] ?? process.arch;
  const calls = loadByName(path, arch, (name) => {
    const library = koffi.load(name);
    return Object.fromEntries(
      Object.entries(SIGNATURES).map(([call, [result, ...parameters]]) => [
        call,
        library.func(call, result, parameters),
      ]),
    ) as unknown as CLibrary;
  });
  return {
    open(path, flags) {
      const fd = calls.open(path, flags);
      return fd < 0 ? -koffi.errno() : fd;
    },
    close(fd) {
      const result = calls.close(fd);
      return result < 0 ? -koffi.errno() : 0;
    },
    read(fd, bytes) {
      const size = calls.read(fd, bytes, bytes.length);
      return size < 0 ? -koffi.errno() : size;
    },
    write(fd, bytes) {
      const size = calls.write(fd, bytes, bytes.length);
      return size < 0 ? -koffi.errno() : size;
    },
    ioctl(fd, request, bytes) {
      const result = calls.ioctl(fd, request, bytes);
      return result < 0 ? -koffi.errno() : result;
    },
    socket(domain, type, protocol) {
      const fd = calls.socket(domain, type, protocol);
      return fd < 0 ? -koffi.errno() : fd;
    },
    connect(fd, address) {
      const result = calls.connect(fd, address, address.length);
      return result < 0 ? -koffi.errno() : result;
    },
    send(fd, bytes, flags) {
      const size = calls.send(fd, bytes, bytes.length, flags);
      return size < 0 ? -koffi.errno() : size;
    },
    getenv: (name) => calls.getenv(name) ?? undefined,
    mmap(address, length, protection, flags, fd, offset) {
      const result = calls.mmap(address, length, protection, flags, fd, offset);
      const failure = koffi.errno();
      return result === null || result === MAP_FAILED ? -failure : result;
    },
    munmap(address, length) {
      const result = calls.munmap(address, length);
      return result < 0 ? -koffi.errno() : 0;
    },
    getpagesize: () => calls.getpagesize(),
    view: (address, length) => koffi.view(address, length),
    address: (buffer) => koffi.address(buffer),
    whenReadable: nodeWaiting(koffi.node, {
      poll(descriptors: Uint8Array<ArrayBuffer>) {
        const count = calls.poll(descriptors, 1, 0);
        return count < 0 ? -koffi.errno() : count;
      },
    }),
  };
}

function loadKoffi(): Koffi {
  const wayOut = "Run `npm install koffi`, version 3 or later, where this package is installed.";
  let koffi: Koffi;
  try {
    // Not `import`, because koffi is optional and needed synchronously; this also keeps bundlers from including it.
    const require = createRequire(import.meta.url);
    koffi = require("koffi");
    keepLoaded(Object.keys(require.cache));
  } catch (cause) {
    const forbidden = forbiddenReason(cause);
    if (forbidden !== undefined) {
      const message = `Cannot use Xen's devices: ${forbidden}`;
      throw new GrantError(message, { code: "permission", operation: "open", cause });
    }
    throw unsupported(`koffi is not installed or cannot be loaded. ${wayOut}`, cause);
  }
  // Older versions represent addresses differently, so a failed mapping would look like a successful one.
  if (!(parseInt(koffi.version) >= 3)) {
    throw unsupported(`koffi must be version 3 or later, and the current version is ${koffi.version}. ${wayOut}`);
  }
  return koffi;
}

/** Says why Node may not load koffi, and with which flags it may. Returns `undefined` if it may. */
function forbiddenReason(error: unknown): string | undefined {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  switch ((error as { code?: unknown } | null)?.code) {
    case "ERR_DLOPEN_DISABLED":
      return permission?.has("addon") === false
        ? "koffi is a native addon, which --permission forbids. Run Node with --allow-addons, too."
        : "koffi is a native addon, which --no-addons forbids. Run Node without --no-addons.";
    case "ERR_ACCESS_DENIED":
      return "Node may not read koffi's files. Run it with --allow-fs-read for the folder node_modules, and with " +
        "--allow-addons.";
    default:
      return undefined;
  }
}
