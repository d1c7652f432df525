import { PAGE_SIZE } from "../../src/contract/backend.ts";
import type { Step } from "./trace.ts";

/** The most pages that a trace may hold at once: the grant table must never be full, as the driver's count is off afterwards. */
const MOST_PAGES = 4096;

/** A page that was granted. */
export interface Page {
  readonly file: File;
  readonly allocation: Allocation;
  readonly index: number;
  /** Whether it can be found. */
  listed: boolean;
  /** Whether it had an unmap notify, which may have been cancelled. */
  notified: boolean;
  /** The byte that was last written to, or named by an unmap notify. */
  byte?: number;
  /** Its mappings by the granter, and by the peer. */
  uses: number;
  peers: number;
  /** Set once neither listed nor used: whether the peer had it then, and how many allocations there had been. */
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
export interface Allocation {
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
 * What the steps so far are expected to have made, so that the next one can be chosen to make sense, or to be wrong in an
 * interesting way. No answer is ever judged by it.
 */
export class Forecast {
  limit = 1024;
  /** Pages that count toward the limit. */
  live = 0;
  /** Those of 1 page or more that were granted. */
  allocated = 0;
  readonly files = new Map<number, File>();
  readonly allocations = new Map<number, Allocation>();
  readonly mappings = new Map<number, Mapping>();
  readonly peers = new Map<number, Mapping>();

  /** How many pages may still be allocated; negative where the limit was lowered below what is in use. */
  get room(): number {
    return this.limit < 0 ? Infinity : this.limit - this.live;
  }

  /**
   * Whether a step has an answer that depends on nothing but the steps before it, and does no harm. Two kinds have not:
   *
   * - Where the peer had a page when it was released, and has let go of it since, the kernel ends access by a timer; until
   *   then the peer may map it again. It also gives the reference out again only then, while the mock does so at once. So no
   *   ended reference is mapped once anything was allocated: it may be another page's.
   * - An allocation that fills the grant table, which takes a limit that is off.
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

  /** The file with a number, if it is open. */
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

  /** The pages of a run, if all of them can be found. */
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

/** Whether every step of a trace is safe. */
export function isSafe(steps: readonly Step[]): boolean {
  const forecast = new Forecast();
  for (const step of steps) {
    if (!forecast.isSafe(step)) return false;
    forecast.apply(step);
  }
  return true;
}
