import { PAGE_SIZE } from "../../src/contract/backend.ts";
import type { Step } from "./trace.ts";

/** The most pages that a trace may hold at once. A full grant table would make the driver lose count. */
const MOST_PAGES = 4096;

/** A page that was granted. */
export interface Page {
  readonly file: File;
  readonly allocation: Allocation;
  readonly index: number;
  /** Whether it is listed. */
  listed: boolean;
  /** Whether it has had an unmap notify. */
  notified: boolean;
  /** The byte that was last written, or named by an unmap notify. */
  byte?: number;
  /** The number of mappings by the granter, and by the peer. */
  uses: number;
  peers: number;
  /**
   * Set when it is neither listed nor mapped by the granter any more: whether the peer mapped it then, and the number
   * of allocations until then.
   */
  released?: { readonly held: boolean; readonly allocations: number };
}

/** A file, open or closed. */
export interface File {
  readonly number: number;
  open: boolean;
  mappings: number;
  /** By their index. */
  readonly pages: Page[];
}

/** An allocation that is granted. */
interface Allocation {
  readonly number: number;
  readonly domid: number;
  readonly writable: boolean;
  readonly pages: Page[];
}

/** A mapping, on either side. */
export interface Mapping {
  readonly number: number;
  readonly pages: readonly Page[];
  readonly writable: boolean;
}

/**
 * What the steps so far are expected to have made. It helps to choose steps that make sense, or that are wrong in an
 * interesting way. No answer is judged by it.
 */
export class Forecast {
  limit = 1024;
  /** Pages that count toward the limit. */
  live = 0;
  /** The allocations that were granted. */
  allocated = 0;
  readonly files = new Map<number, File>();
  readonly allocations = new Map<number, Allocation>();
  readonly mappings = new Map<number, Mapping>();
  readonly peers = new Map<number, Mapping>();

  /** Returns how many pages may still be allocated: negative if the limit was lowered below what is in use. */
  get room(): number {
    return this.limit < 0 ? Infinity : this.limit - this.live;
  }

  /**
   * Returns whether the answer to a step depends only on the steps before it, and the step does no harm. Two kinds of
   * steps are not safe:
   *
   * - If the peer mapped a page when it was released, and has unmapped it since, the kernel ends access by a timer.
   * Until
   *   then the peer can map it again. The kernel reuses the reference only then, and the mock does so at once. So no ended
   *   reference is mapped after another allocation: it may belong to another page.
   * - An allocation that fills the grant table, which is possible when the limit is off.
   */
  isSafe(step: Step): boolean {
    switch (step.op) {
      case "allocate":
        return step.pages > this.room || this.live + step.pages <= MOST_PAGES;
      case "peerMap":
        return this.#pagesToMap(step).every(({ released, peers }) =>
          !released || peers > 0 || (!released.held && released.allocations === this.allocated)
        );
      default:
        return true;
    }
  }

  /** Takes a step into account. */
  apply(step: Step): void {
    switch (step.op) {
      case "limit":
        this.limit = step.pages;
        break;
      case "open":
        if (!this.files.has(step.file)) {
          this.files.set(step.file, { number: step.file, open: true, mappings: 0, pages: [] });
        }
        break;
      case "close": {
        const file = this.openFile(step.file);
        if (!file) break;
        file.open = false;
        this.#letGoIfUnused(file);
        break;
      }
      case "allocate":
        this.#allocate(step);
        break;
      case "free":
        for (const page of this.#listed(step) ?? []) {
          page.listed = false;
          this.#releaseIfUnused(page);
        }
        break;
      case "map": {
        const pages = this.#listed(step);
        if (!pages || this.mappings.has(step.mapping)) break;
        for (const page of pages) page.uses++;
        pages[0]!.file.mappings++;
        this.mappings.set(step.mapping, { number: step.mapping, pages, writable: step.writable });
        break;
      }
      case "unmap": {
        const mapping = this.mappings.get(step.mapping);
        if (!mapping) break;
        this.mappings.delete(step.mapping);
        for (const page of mapping.pages) {
          page.uses--;
          this.#releaseIfUnused(page);
        }
        const { file } = mapping.pages[0]!;
        file.mappings--;
        this.#letGoIfUnused(file);
        break;
      }
      case "peerMap": {
        const pages = this.#pagesToMap(step);
        const allocation = this.allocations.get(step.allocation);
        if (!allocation || pages.length !== step.pages || pages.length === 0 || this.peers.has(step.peer)) break;
        if (allocation.domid !== 0 || (step.writable && !allocation.writable)) break;
        if (pages.some((page) => page.released && page.peers === 0)) break;
        for (const page of pages) page.peers++;
        this.peers.set(step.peer, { number: step.peer, pages, writable: step.writable });
        break;
      }
      case "notify": {
        const [page] = this.#listed({ ...step, pages: 1 }) ?? [];
        if (!page) break;
        page.notified = true;
        if (step.clearByte !== undefined) page.byte = step.clearByte;
        break;
      }
      case "write":
        this.#write(this.mappings.get(step.mapping), step.offset);
        break;
      case "peerWrite":
        this.#write(this.peers.get(step.peer), step.offset);
        break;
      case "peerUnmap": {
        for (const page of this.peers.get(step.peer)?.pages ?? []) page.peers--;
        this.peers.delete(step.peer);
        break;
      }
    }
  }

  /** Returns the file with a number, if it is open. */
  openFile(number: number): File | undefined {
    const file = this.files.get(number);
    return file?.open ? file : undefined;
  }

  #allocate(step: Step & { op: "allocate" }): void {
    const file = this.openFile(step.file);
    if (!file || step.pages > this.room || this.allocations.has(step.allocation)) return;
    const { domid, writable } = step;
    const allocation: Allocation = { number: step.allocation, domid, writable, pages: [] };
    for (let count = 0; count < step.pages; count++) {
      const page: Page = {
        file,
        allocation,
        index: file.pages.length,
        listed: true,
        notified: false,
        uses: 0,
        peers: 0,
      };
      file.pages.push(page);
      allocation.pages.push(page);
    }
    this.allocations.set(allocation.number, allocation);
    this.live += step.pages;
    if (step.pages > 0) this.allocated++;
  }

  #write(mapping: Mapping | undefined, offset: number): void {
    const page = mapping?.pages[Math.floor(offset / PAGE_SIZE)];
    if (page) page.byte = offset % PAGE_SIZE;
  }

  /** Returns the pages of a run, if all of them are listed. */
  #listed(run: { file: number; page: number; pages: number }): Page[] | undefined {
    const file = this.openFile(run.file);
    const end = run.page + run.pages;
    if (!file || run.pages === 0 || end > file.pages.length) return undefined;
    const pages = file.pages.slice(run.page, end);
    return pages.every((page) => page.listed) ? pages : undefined;
  }

  #pagesToMap(step: Step & { op: "peerMap" }): Page[] {
    return this.allocations.get(step.allocation)?.pages.slice(step.index, step.index + step.pages) ?? [];
  }

  #letGoIfUnused(file: File): void {
    if (file.open || file.mappings > 0) return;
    for (const page of file.pages) {
      page.listed = false;
      this.#releaseIfUnused(page);
    }
  }

  #releaseIfUnused(page: Page): void {
    if (page.listed || page.uses > 0 || page.released) return;
    page.released = { held: page.peers > 0, allocations: this.allocated };
    this.live--;
  }
}

/** Returns whether every step of a trace is safe. */
export function isSafe(steps: readonly Step[]): boolean {
  const forecast = new Forecast();
  for (const step of steps) {
    if (!forecast.isSafe(step)) return false;
    forecast.apply(step);
  }
  return true;
}
