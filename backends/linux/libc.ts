/**
 * The few calls of the C library that the device backends need: types only. A runtime that can make them drives the devices
 * of Linux through `linux.ts`.
 *
 * @module
 */

/** Calls into the C library. What can fail returns a negative errno: -2 is ENOENT, for example. Nothing throws after loading. */
export interface Libc {
  /**
   * Opens a device for reading and writing; programs this process starts do not inherit it.
   *
   * @param nonblocking Whether to read or write never waits, but fails with EAGAIN. Default is false.
   * @returns The file descriptor, or a negative errno.
   */
  open(path: string, nonblocking?: boolean): number;
  /** @returns 0, or a negative errno. The descriptor is gone in any case. */
  close(fd: number): number;
  /**
   * @param request The request number, 32 bits.
   * @param bytes What the kernel reads, and where it writes its answer.
   * @returns 0 or more, or a negative errno.
   */
  ioctl(fd: number, request: number, bytes: Uint8Array<ArrayBuffer>): number;
  /** @returns The number of bytes that were read, or a negative errno. */
  read(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  /** @returns The number of bytes that were written, or a negative errno. */
  write(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  /** The address of a buffer's memory, which neither moves nor goes for as long as the buffer is referred to. */
  address(buffer: ArrayBuffer): bigint;
  /**
   * Calls back once, in a later turn of the event loop, when a descriptor can be read or has an error. Until then, or until it
   * is stopped, the process stays alive, and the descriptor is neither closed nor waited for again. Never blocks the event loop,
   * and looks at nothing from time to time.
   *
   * @returns Stops waiting, called any number of times; or a negative errno.
   */
  whenReadable(fd: number, callback: () => void): (() => void) | number;
  /**
   * Maps a part of a file, shared: what is written is seen by whoever maps it too.
   *
   * @param offset The first byte of the part, a multiple of 4096.
   * @param length The length in bytes.
   * @param writable Whether the memory may be written to; else to write is a segmentation fault.
   * @returns The mapping, or a negative errno.
   */
  mmap(fd: number, offset: number, length: number, writable: boolean): LibcMapping | number;
  /**
   * Reads a small text file, such as those under `/sys`: its first 4096 bytes.
   *
   * @returns The text, or a negative errno.
   */
  readText(path: string): string | number;
}

/** Memory that {@linkcode Libc.mmap} mapped. */
export interface LibcMapping {
  /** The memory, whole. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Ends the mapping; called once. Every view of the memory is detached first. Where somebody moved it away (by `transfer`,
   * `structuredClone` or `postMessage`), ordinary memory takes the place of the device's, so that nobody's view reaches
   * unmapped memory.
   *
   * @returns 0, or a negative errno.
   */
  unmap(): number;
}
