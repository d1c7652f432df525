import type { MappedMemory } from "../../src/contract/backend.ts";

/**
 * The pages of a machine: real bytes, which all mappings of a page share. A grant names its page by the number of a
 * {@linkcode Memory} and the page's place in it.
 */
export interface MachineMemory {
  /**
   * Takes `count` neighbouring pages, zeroed.
   *
   * @returns The memory that they are in; its `taken` is the first of them.
   * @throws {Error} if there is no memory for them.
   */
  take(count: number): Memory;
  /** The memory with a number. Some of its pages must be taken or mapped. */
  at(number: number): Memory;
}

/** Some neighbouring pages. */
export interface Memory {
  /** Its number. Once all its pages were given back, another memory may get the number. */
  readonly number: number;
  /** The first of the pages that were taken last. */
  readonly taken: number;
  /**
   * Maps `count` taken pages from `page` on. They stay until they are unmapped, even if they are given back earlier.
   */
  map(page: number, count: number): MemoryMapping;
  /** Sets one byte of a page to 0. */
  clear(page: number, byte: number): void;
  /** Gives `count` taken pages back, from `page` on. Called once for each page. */
  give(page: number, count: number): void;
}

/** A mapping of some pages of a memory. */
export class MemoryMapping implements MappedMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The process that granted the pages, if it maps its own: it counts them. */
  owner: { ownPages: number; readonly alive: boolean } | undefined = undefined;
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

  get ended(): boolean {
    return this.owner?.alive === false;
  }

  unmap(): void {
    const count = this.#count;
    this.#count = 0;
    if (count === 0) return;
    if (this.owner !== undefined) this.owner.ownPages -= count;
    this.#memory.unmap(this.#page, count);
  }
}
