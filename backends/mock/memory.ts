import type { MappedMemory } from "../../src/contract/backend.ts";

/**
 * Where the pages of a machine are: real bytes, which every mapping of a page shares.
 *
 * A grant names its page by the number of a {@linkcode Memory} and its place in it.
 */
export interface MachineMemory {
  /**
   * Takes zeroed pages next to each other.
   *
   * @returns The memory that they are in, from its `taken` on.
   * @throws {Error} if there is no room for them.
   */
  take(count: number): Memory;
  /** The memory with a number, that somebody took pages of and has not given back. */
  at(number: number): Memory;
}

/** Some pages next to each other. */
export interface Memory {
  /** Its number, which another one may get when all its pages were given back. */
  readonly number: number;
  /** The first page that was taken last. */
  readonly taken: number;
  /** Maps some of the pages, which are taken. They stay there until they are unmapped, even if they are given back. */
  map(page: number, count: number): MappedMemory;
  /** Sets one byte of a page to 0. */
  clear(page: number, byte: number): void;
  /** Gives pages back: once for each. */
  give(page: number, count: number): void;
}

/** A mapping of some pages of a memory. */
export class MemoryMapping implements MappedMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #memory: { unmap(page: number, count: number): void };
  readonly #page: number;
  /** 0 once it has ended. */
  #count: number;

  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    memory: { unmap(page: number, count: number): void },
    page: number,
    count: number,
  ) {
    this.bytes = bytes;
    this.#memory = memory;
    this.#page = page;
    this.#count = count;
  }

  unmap(): void {
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#memory.unmap(this.#page, count);
  }
}
