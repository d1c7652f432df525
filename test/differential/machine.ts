/**
 * What a trace is played on, in the words of the device: implemented by the real one, straight at the kernel, and by this
 * library on its simulated machine.
 *
 * @module
 */

/** Thrown by a machine that refuses a call. No `Error`: there are many, and a stack takes time. */
export class Refused {
  /** @param answer What the trace's step is answered with. */
  constructor(readonly answer: string) {}
}

/** Memory, mapped on either side. */
export interface Mapped {
  /** The bytes of one page, counted from 0 in the mapping. */
  read(page: number): Uint8Array;
  /** Only asked of what was mapped to be written to. */
  write(offset: number, byte: number): void;
  unmap(): void;
}

/** An open file. What it mapped may live on when it is closed. */
export interface File {
  /** Gives the index of the first page, and the references of all. */
  allocate(domid: number, pages: number, writable: boolean): { page: number; grefs: readonly number[] };
  free(page: number, pages: number): void;
  map(page: number, pages: number, writable: boolean): Mapped;
  notify(page: number, clearByte: number | undefined, eventPort: number | undefined): void;
  close(): void;
}

/** A system that is its own peer. */
export interface Machine {
  /** A negative limit is none. */
  setLimit(pages: number): void;
  open(): File;
  peerMap(grefs: readonly number[], writable: boolean): Mapped;
}
