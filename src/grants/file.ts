import type { MappedMemory, UnmapNotify } from "../contract/backend.ts";
import type { AllocatorReport } from "./allocator.ts";
import type { Driver } from "./engine.ts";
import { GrantError, type GrantOperation } from "../contract/errors.ts";
import type { Mapping, MappingOwner } from "../shared/mapping.ts";
import type { OpenFile } from "./reclaimer.ts";

/**
 * One open file of a driver, and whether it was closed: what an allocator, its pages and their mappings stand on. It is in nobody's
 * hands, so that nobody calls it but them; arguments were checked before.
 */
export class DriverFile implements MappingOwner {
  readonly #driver: Driver;
  readonly #open: OpenFile;
  #closed = false;

  constructor(driver: Driver) {
    this.#driver = driver;
    this.#open = driver.open();
  }

  get driver(): Driver {
    return this.#driver;
  }

  get closed(): boolean {
    return this.#closed;
  }

  #checkOpen(operation: GrantOperation): void {
    if (!this.#closed) return;
    const rest = operation === "free" ? "its pages were freed with it" : "open another one on the device";
    throw new GrantError(`Cannot ${operation} as the allocator is closed: ${rest}`, {
      code: "closed",
      operation,
    });
  }

  /** Grants pages: the index of the first. */
  allocate(pages: number, domid: number, writable: boolean): number {
    if (this.#closed) this.#checkOpen("allocate");
    return this.#driver.allocate(this.#open, pages, domid, writable);
  }

  /** Whether all of some pages are listed. */
  has(page: number, count: number): boolean {
    return !this.#closed && this.#driver.books.find(this.#open.address, page, count) !== 0;
  }

  /**
   * Maps pages.
   *
   * @param gref The reference of the first one, where all are of one allocation: so the books need not be asked.
   */
  map(page: number, count: number, writable: boolean, gref: number = 0): Mapping {
    if (this.#closed) this.#checkOpen("map");
    return this.#driver.map(this.#open, this, page, count, writable, gref);
  }

  checkIdle(): void {
    this.#driver.checkIdle("unmap");
  }

  unmap(memory: Pick<MappedMemory, "unmap">, page: number, count: number): void {
    this.#driver.unmap(this.#open, page, count, memory);
  }

  /**
   * Frees pages.
   *
   * @param needed Whether it is an error if not all of them are listed.
   * @returns Whether they were.
   */
  free(page: number, count: number, needed: boolean): boolean {
    if (this.#closed) {
      if (!needed) return false;
      this.#checkOpen("free");
    }
    return this.#driver.free(this.#open, page, count, needed);
  }

  setUnmapNotify(page: number, notify: UnmapNotify): void {
    this.#checkOpen("notify");
    this.#driver.setUnmapNotify(this.#open, page, notify);
  }

  inspect(): AllocatorReport {
    this.#checkOpen("inspect");
    const { books } = this.#driver;
    const { address } = this.#open;
    return {
      live: books.fileLive(address),
      listed: books.fileListed(address),
      mappings: books.fileMappings(address),
      next: books.fileNext(address),
    };
  }

  close(): void {
    this.#driver.checkIdle("close");
    this.#closed = true;
    this.#driver.close(this.#open);
  }
}
