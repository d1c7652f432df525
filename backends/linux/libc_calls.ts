/**
 * Implements the port of `libc.ts` over the bare calls that a runtime makes. Flags and the order of calls are the same
 * for every runtime.
 *
 * @module
 */

import { GrantError } from "../../src/contract/errors.ts";
import { sentence } from "../../src/contract/messages.ts";
import type { Libc, LibcMapping } from "./libc.ts";

/**
 * The bare calls. Each returns what its C function returns, or a negative errno. The runtime must read errno right
 * after the call, as any other call may change it.
 */
export interface LibcCalls<Address> {
  /** `path` ends in a zero byte. */
  open(path: Uint8Array<ArrayBuffer>, flags: number): number;
  close(fd: number): number;
  read(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  write(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  ioctl(fd: number, request: number, bytes: Uint8Array<ArrayBuffer>): number;
  socket(domain: number, type: number, protocol: number): number;
  /** `address` is a whole `struct sockaddr`. */
  connect(fd: number, address: Uint8Array<ArrayBuffer>): number;
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, flags: number): number;
  /** `name` ends in a zero byte. Returns `undefined` if the variable is not set. */
  getenv(name: Uint8Array<ArrayBuffer>): string | undefined;
  /** @param address The address to map at, or `null` to let the kernel choose. */
  mmap(
    address: Address | null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Address | number;
  munmap(address: Address, length: number): number;
  getpagesize(): number;
  /** Returns the memory at an address. It stays mapped when the buffer is collected. */
  view(address: Address, length: number): ArrayBuffer;
  /** As {@linkcode Libc.address}. */
  address(buffer: ArrayBuffer): bigint;
  /** As {@linkcode Libc.whenReadable}. */
  whenReadable(fd: number, callback: () => void): (() => void) | number;
}

const O_RDONLY = 0;
const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const AF_UNIX = 1;
const SOCK_STREAM = 1;
/** Bytes of the family, which the path follows. */
const SOCKADDR_FAMILY_SIZE = 2;
const MSG_NOSIGNAL = 0x4000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
/** The most bytes that are read of a text file. */
const TEXT_SIZE = 4096;

/**
 * Makes a function that returns the C library at a path, or the usual one. For the same path it returns the same
 * object.
 *
 * @param load Loads the library when it is first used. If it throws, so does that first use.
 */
export function libcCache<Address extends object | bigint>(
  load: (path: string | undefined) => LibcCalls<Address>,
): (path: string | undefined) => Libc {
  const libraries = new Map<string | undefined, Libc>();
  return (path) => {
    let libc = libraries.get(path);
    if (libc === undefined) libraries.set(path, libc = new LoadedLibc(() => load(path)));
    return libc;
  };
}

/**
 * Loads the C library at a path, or by the first of its usual names that can be loaded.
 *
 * @param arch The processor, as in the file name of musl's library.
 * @param load Loads a library by its name. If it throws a {@linkcode GrantError}, no other name is tried.
 * @throws {GrantError} `unsupported` if no name works, or what `load` throws.
 */
export function loadByName<Loaded>(path: string | undefined, arch: string, load: (name: string) => Loaded): Loaded {
  const names = path === undefined ? ["libc.so.6", `libc.musl-${arch}.so.1`] : [path];
  let cause: unknown;
  for (const name of names) {
    try {
      return load(name);
    } catch (error) {
      if (error instanceof GrantError) throw error;
      cause ??= error;
    }
  }
  throw unsupported(
    `the C library cannot be loaded as ${names.join(" or ")}. Name it with the option \`libc\`.`,
    cause,
  );
}

/** Maps ordinary memory, which is never unmapped. Returns a negative errno if that fails. */
export function anonymousMemory<Address extends object | bigint>(
  calls: Pick<LibcCalls<Address>, "mmap" | "view">,
  length: number,
): { address: Address; bytes: ArrayBuffer } | number {
  const address = calls.mmap(null, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return typeof address === "number" ? address : { address, bytes: calls.view(address, length) };
}

/** Makes the error of a system or a runtime that cannot use the devices. */
export function unsupported(reason: string, cause?: unknown): GrantError {
  return new GrantError(sentence(`Cannot use Xen's devices: ${reason}`), {
    code: "unsupported",
    operation: "open",
    cause,
  });
}

class LoadedLibc<Address extends object | bigint> implements Libc {
  readonly #load: () => LibcCalls<Address>;
  #loaded: LibcCalls<Address> | undefined;

  constructor(load: () => LibcCalls<Address>) {
    this.#load = load;
  }

  get #calls(): LibcCalls<Address> {
    return this.#loaded ??= this.#load();
  }

  open(path: string, nonblocking = false): number {
    return this.#open(path, nonblocking ? O_RDWR | O_NONBLOCK : O_RDWR);
  }

  close(fd: number): number {
    return this.#calls.close(fd);
  }

  ioctl(fd: number, request: number, bytes: Uint8Array<ArrayBuffer>): number {
    return this.#calls.ioctl(fd, request, bytes);
  }

  read(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    return this.#calls.read(fd, bytes);
  }

  write(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    return this.#calls.write(fd, bytes);
  }

  connect(path: string): number {
    const calls = this.#calls;
    const fd = calls.socket(AF_UNIX, SOCK_STREAM | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd < 0) return fd;
    const name = cString(path);
    const address = new Uint8Array(SOCKADDR_FAMILY_SIZE + name.length);
    new DataView(address.buffer).setUint16(0, AF_UNIX, true);
    address.set(name, SOCKADDR_FAMILY_SIZE);
    const result = calls.connect(fd, address);
    if (result < 0) calls.close(fd);
    return result < 0 ? result : fd;
  }

  send(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    return this.#calls.send(fd, bytes, MSG_NOSIGNAL);
  }

  address(buffer: ArrayBuffer): bigint {
    return this.#calls.address(buffer);
  }

  whenReadable(fd: number, callback: () => void): (() => void) | number {
    return this.#calls.whenReadable(fd, callback);
  }

  mmap(fd: number, offset: number, length: number, writable: boolean): LibcMapping | number {
    const calls = this.#calls;
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = calls.mmap(null, length, protection, MAP_SHARED, fd, offset);
    if (typeof address === "number") return address;
    try {
      return new LibcMemory(calls, address, length);
    } catch (error) {
      // Some runtimes, such as Electron, refuse views of memory outside their heap.
      calls.munmap(address, length);
      throw error;
    }
  }

  pageSize(): number {
    return this.#calls.getpagesize();
  }

  readText(path: string): string | number {
    const fd = this.#open(path, O_RDONLY);
    if (fd < 0) return fd;
    const bytes = new Uint8Array(TEXT_SIZE);
    const size = this.#calls.read(fd, bytes);
    this.#calls.close(fd);
    return size < 0 ? size : new TextDecoder().decode(bytes.subarray(0, size));
  }

  environment(name: string): string | undefined {
    return this.#calls.getenv(cString(name));
  }

  #open(path: string, flags: number): number {
    return this.#calls.open(cString(path), flags | O_CLOEXEC);
  }
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

// Whoever has a view may redefine its buffer's properties. Ending a mapping must not depend on them: a view that stays
// attached would reach unmapped memory.
const transfer: ArrayBuffer["transfer"] | undefined = ArrayBuffer.prototype.transfer;
const isDetached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get;

/** Whether this runtime can detach views. Without that, no mapping could be ended safely. */
export const canDetach: boolean = transfer !== undefined && isDetached !== undefined;

class LibcMemory<Address> implements LibcMapping {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #buffer: ArrayBuffer;
  #ended = false;
  readonly #calls: LibcCalls<Address>;
  readonly #address: Address;
  readonly #length: number;

  constructor(calls: LibcCalls<Address>, address: Address, length: number) {
    this.#buffer = calls.view(address, length);
    this.bytes = new Uint8Array(this.#buffer);
    this.#calls = calls;
    this.#address = address;
    this.#length = length;
  }

  unmap(): number {
    // Another mapping may have these addresses by now.
    if (this.#ended) return 0;
    if (isDetached!.call(this.#buffer)) {
      const replaced = this.#replace();
      this.#ended = replaced === 0;
      return replaced;
    }
    this.#ended = true;
    transfer!.call(this.#buffer, 0);
    return this.#calls.munmap(this.#address, this.#length);
  }

  /**
   * Puts ordinary memory in place of the device's, permanently, because code here or in another thread still has a view
   * of it.
   */
  #replace(): number {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    const result = this.#calls.mmap(this.#address, this.#length, PROT_READ | PROT_WRITE, flags, -1, 0);
    return typeof result === "number" ? result : 0;
  }
}
