import { type MappedMemory, PAGE_SIZE, type PeerMemory, type UnmapNotify } from "../backend.ts";
import type { MockDomain } from "./domain.ts";
import type { Grant } from "./grant_table.ts";
import { NO_NOTIFY, refused, replaceNotify, sendNotify, type SetNotify } from "./notify.ts";
import type { MockProcess } from "./process.ts";

/** A granted page, and by whom. */
export interface GrantedPage {
  readonly granter: MockDomain;
  readonly gref: number;
  readonly grant: Grant;
}

/** What a process has mapped by grant references: ended by its program, or with the process, or with the domain. */
export class MockPeerMapping implements PeerMemory {
  /** Whose it is. */
  readonly process: MockProcess;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly parts?: readonly Uint8Array<ArrayBuffer>[];
  readonly #pages: readonly GrantedPage[];
  readonly #writable: boolean;
  readonly #memory: readonly MappedMemory[];
  #notify: SetNotify = NO_NOTIFY;

  constructor(process: MockProcess, pages: readonly GrantedPage[], writable: boolean) {
    this.process = process;
    this.#pages = pages;
    this.#writable = writable;
    this.#memory = runs(pages).map(({ grant: { memory, page }, length }) => memory.map(page, length));
    if (this.#memory.length === 1) this.bytes = this.#memory[0]!.bytes;
    else {
      this.bytes = new Uint8Array(0);
      this.parts = this.#memory.map(({ bytes }) => bytes);
    }
    for (const { granter, grant } of pages) granter.table.map(grant);
    process.domain.mappings.add(this);
  }

  setUnmapNotify(notify: UnmapNotify): void {
    this.process.checkAlive("notify");
    const { clearByte } = notify;
    if (clearByte !== undefined && !this.#writable) {
      throw refused(`byte ${clearByte} cannot be cleared in a read-only mapping`);
    }
    this.#notify = replaceNotify(this.process.domain, this.#notify, notify);
  }

  unmap(): void {
    // A mapping that ended with its process or domain has nothing left to unmap.
    if (this.process.domain.mappings.has(this)) this.end();
  }

  /**
   * Ends it, as the kernel does: clears the byte, unmaps, sends the event. Pages that their owner let go of, and that nothing
   * else maps, end with it. When a whole domain is destroyed its kernel does nothing any more: only Xen unmaps.
   */
  end(): void {
    const { domain } = this.process;
    const notify = domain.destroyed ? NO_NOTIFY : this.#notify;
    this.#notify = NO_NOTIFY;
    if (notify.clearByte !== undefined) {
      const { memory, page } = this.#pages[Math.floor(notify.clearByte / PAGE_SIZE)]!.grant;
      memory.clear(page, notify.clearByte % PAGE_SIZE);
    }
    domain.mappings.delete(this);
    for (const memory of this.#memory) memory.unmap();
    for (const { granter, gref, grant } of this.#pages) granter.table.unmap(gref, grant);
    sendNotify(domain, notify);
    for (const { granter } of this.#pages) granter.bury();
  }
}

/** The pages in runs that are neighbours in one allocation: the first one of each, and how many there are. */
function runs(pages: readonly GrantedPage[]): { grant: Grant; length: number }[] {
  const found: { grant: Grant; length: number }[] = [];
  for (const { grant } of pages) {
    const run = found.at(-1);
    if (run && grant.memory === run.grant.memory && grant.page === run.grant.page + run.length) run.length++;
    else found.push({ grant, length: 1 });
  }
  return found;
}
