/**
 * The machine that a trace is played on, in terms of the device. The kernel implements it, and this library on its
 * simulated Xen.
 *
 * @module
 */

/** Thrown by a machine that refuses a call. It is no `Error`, as stack traces take time and there are many. */
export class Refused {
  /** @param answer The answer to the step of the trace. */
  constructor(readonly answer: string) {}
}

/** Memory that is mapped on either side. */
export interface Mapped {
  /** Returns the bytes of a page. Pages of the mapping count from 0. */
  read(page: number): Uint8Array;
  /** Writes a byte. Only called if the memory is mapped writable. */
  write(offset: number, byte: number): void;
  unmap(): void;
}

/** An open file. Its mappings may outlive it. */
export interface File {
  /** Returns the index of the first page, and the references of all. */
  allocate(domid: number, pages: number, writable: boolean): { page: number; grefs: readonly number[] };
  free(page: number, pages: number): void;
  map(page: number, pages: number, writable: boolean): Mapped;
  notify(page: number, clearByte: number | undefined, eventPort: number | undefined): void;
  close(): void;
}

/** A system that is its own peer. */
export interface Machine {
  /** Sets the limit. A negative one means none. */
  setLimit(pages: number): void;
  open(): File;
  peerMap(grefs: readonly number[], writable: boolean): Mapped;
}
