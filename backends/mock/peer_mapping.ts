import { type MappedMemory, PAGE_SIZE, type PeerMemory, type UnmapNotify } from "../backend.ts";
import type { MockDomain } from "./domain.ts";
import type { Listed } from "./mapping_list.ts";
import { NO_NOTIFY, refused, replaceNotify, sendNotify, type SetNotify } from "./notify.ts";
import type { MockProcess } from "./process.ts";

const NOTHING = new Uint8Array(0);

/** What a process has mapped by grant references: ended by its program, or with the process, or with the domain. */
export class MockPeerMapping implements PeerMemory, Listed<MockPeerMapping> {
  /** Whose it is. */
  readonly process: MockProcess;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly parts?: readonly Uint8Array<ArrayBuffer>[];
  previous: MockPeerMapping | undefined = undefined;
  next: MockPeerMapping | undefined = undefined;
  listed = false;
  /** Who granted the pages: one for all, or one for each. */
  readonly #granters: MockDomain | readonly MockDomain[];
  readonly #grefs: readonly number[];
  readonly #writable: boolean;
  /** The memory, in pieces of pages that are neighbours in one allocation. */
  readonly #memory: readonly MappedMemory[];
  #notify: SetNotify = NO_NOTIFY;

  constructor(
    process: MockProcess,
    granters: MockDomain | readonly MockDomain[],
    grefs: readonly number[],
    writable: boolean,
  ) {
    this.process = process;
    this.#granters = granters;
    this.#grefs = grefs;
    this.#writable = writable;
    const memory: MappedMemory[] = [];
    for (let index = 0; index < grefs.length;) {
      const length = this.#run(index);
      const granter = this.#granter(index);
      const gref = grefs[index]!;
      memory.push(granter.memory(gref).map(granter.table.page(gref), length));
      index += length;
    }
    this.#memory = memory;
    if (memory.length === 1) {
      this.bytes = memory[0]!.bytes;
    } else {
      this.bytes = NOTHING;
      this.parts = memory.map(({ bytes }) => bytes);
    }
    for (let index = 0; index < grefs.length; index++) this.#granter(index).table.map(grefs[index]!);
    process.domain.mappings.add(this);
  }

  #granter(index: number): MockDomain {
    const granters = this.#granters;
    return "length" in granters ? granters[index]! : granters;
  }

  /** How many pages from one on are neighbours in one allocation. */
  #run(first: number): number {
    const grefs = this.#grefs;
    const granter = this.#granter(first);
    const gref = grefs[first]!;
    let index = first + 1;
    while (
      index < grefs.length && this.#granter(index) === granter &&
      granter.table.follows(grefs[index]!, gref, index - first)
    ) index++;
    return index - first;
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
    if (this.listed) this.end();
  }

  /**
   * Ends it, as the kernel does: clears the byte, unmaps, sends the event. Pages that their owner let go of, and that nothing
   * else maps, end with it. When a whole domain is destroyed its kernel does nothing any more: only Xen unmaps.
   */
  end(): void {
    const { domain } = this.process;
    const grefs = this.#grefs;
    const notify = domain.destroyed ? NO_NOTIFY : this.#notify;
    this.#notify = NO_NOTIFY;
    if (notify.clearByte !== undefined) {
      const index = Math.floor(notify.clearByte / PAGE_SIZE);
      const granter = this.#granter(index);
      const gref = grefs[index]!;
      granter.memory(gref).clear(granter.table.page(gref), notify.clearByte % PAGE_SIZE);
    }
    domain.mappings.delete(this);
    for (const memory of this.#memory) memory.unmap();
    for (let index = 0; index < grefs.length; index++) {
      const granter = this.#granter(index);
      const gref = grefs[index]!;
      if (!granter.table.unmap(gref)) continue;
      granter.memory(gref).give(granter.table.page(gref), 1);
      granter.table.remove(gref);
    }
    sendNotify(domain, notify);
    const granters = this.#granters;
    if ("length" in granters) { for (const granter of granters) granter.bury(); }
    else granters.bury();
  }
}
