/**
 * The calls of the C library that drive Linux's devices, as a port. A runtime that implements it can drive the
 * devices.
 *
 * @module
 */

/**
 * The C library. Calls that can fail return a negative errno, such as -2 for ENOENT. The first call loads the library
 * and may throw; the others do not.
 */
export interface Libc {
  /**
   * Opens a device for reading and writing. Programs that this process starts do not inherit it.
   *
   * @param nonblocking Whether reads and writes fail with EAGAIN instead of waiting. Default is false.
   * @returns The file descriptor, or a negative errno.
   */
  open(path: string, nonblocking?: boolean): number;
  /**
   * Connects to a unix socket. Reads and sends then fail with EAGAIN instead of waiting, and so does this call if the
   * server has to accept others first. Programs that this process starts do not inherit the connection.
   *
   * @param path The path of the socket: at most {@linkcode MAX_SOCKET_PATH} bytes in UTF-8.
   * @returns The file descriptor, or a negative errno.
   */
  connect(path: string): number;
  /**
   * Sends at most as many bytes as `bytes` has through a connection. If the other side has closed it, fails with EPIPE,
   * without the signal that `write` would raise.
   *
   * @returns The number of bytes that were sent, or a negative errno.
   */
  send(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  /**
   * Closes a file descriptor, even if an error is returned.
   *
   * @returns 0, or a negative errno.
   */
  close(fd: number): number;
  /**
   * Sends a request to a device.
   *
   * @param request The request number, 32 bits.
   * @param bytes The request. The kernel writes its answer into it.
   * @returns 0 or more, or a negative errno.
   */
  ioctl(fd: number, request: number, bytes: Uint8Array<ArrayBuffer>): number;
  /**
   * Reads at most as many bytes as `bytes` has.
   *
   * @returns The number of bytes that were read, or a negative errno.
   */
  read(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  /**
   * Writes at most as many bytes as `bytes` has.
   *
   * @returns The number of bytes that were written, or a negative errno.
   */
  write(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  /** Returns the address of a buffer's memory. It is valid as long as the buffer is referenced and not detached. */
  address(buffer: ArrayBuffer): bigint;
  /**
   * Calls back once, in a later turn of the event loop, when a descriptor is readable or has an error. Neither blocks
   * the event loop nor polls. The wait keeps the process alive until the callback, or until it is stopped. Until then,
   * do not close the descriptor, and do not wait for it again.
   *
   * @returns A function that stops the wait and may be called any number of times, or a negative errno.
   */
  whenReadable(fd: number, callback: () => void): (() => void) | number;
  /**
   * Maps part of a file as shared memory.
   *
   * @param offset The offset of the part in bytes, a multiple of 4096.
   * @param length The length in bytes.
   * @param writable Whether the memory may be written to. If not, a write is a segmentation fault.
   * @returns The mapping, or a negative errno.
   */
  mmap(fd: number, offset: number, length: number, writable: boolean): LibcMapping | number;
  /** Returns the size of the kernel's pages, in bytes. */
  pageSize(): number;
  /**
   * Reads the first 4096 bytes of a text file, such as one under `/sys`.
   *
   * @returns The text, or a negative errno.
   */
  readText(path: string): string | number;
  /** Returns a variable of the environment, or `undefined` if it is not set. */
  environment(name: string): string | undefined;
}

/**
 * The most bytes of the path of a unix socket: `sun_path` of C's `struct sockaddr_un` has 108, one of them for the NUL.
 */
export const MAX_SOCKET_PATH = 107;

/** Memory that {@linkcode Libc.mmap} mapped. */
export interface LibcMapping {
  /** All of the memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Ends the mapping. Detaches every view of the memory first. If the memory was moved away (by `transfer`,
   * `structuredClone` or `postMessage`), replaces it with ordinary memory instead of unmapping it, so that no view
   * reaches unmapped memory. Does nothing if the mapping has ended.
   *
   * @returns 0, or a negative errno.
   */
  unmap(): number;
}
