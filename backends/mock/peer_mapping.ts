import { type MappedMemory, PAGE_SIZE, type PeerMemory, type UnmapNotify } from "../../src/contract/backend.ts";
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
  /** The memory: one piece, or several, each of pages that are neighbours in one allocation. */
  readonly #memory: MappedMemory | readonly MappedMemory[];
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
    const end = this.#endOfRun(0);
    const memory = this.#mapRun(0, end);
    if (end === grefs.length) {
      this.#memory = memory;
      this.bytes = memory.bytes;
    } else {
      const pieces = this.#mapRest(memory, end);
      this.#memory = pieces;
      this.bytes = NOTHING;
      this.parts = pieces.map(({ bytes }) => bytes);
    }
    if (!("length" in granters)) granters.table.map(grefs, 0, grefs.length);
    else for (let index = 0; index < grefs.length; index++) granters[index]!.table.map(grefs, index, index + 1);
    process.domain.mappings.add(this);
  }

  #granter(index: number): MockDomain {
    const granters = this.#granters;
    return "length" in granters ? granters[index]! : granters;
  }

  /** The end of those, from one on, that are neighbours in one allocation. */
  #endOfRun(from: number): number {
    const granters = this.#granters;
    const grefs = this.#grefs;
    if (!("length" in granters)) return granters.table.endOfRun(grefs, from, grefs.length);
    let to = from + 1;
    while (to < grefs.length && granters[to] === granters[from]) to++;
    return granters[from]!.table.endOfRun(grefs, from, to);
  }

  /** Maps neighbours. */
  #mapRun(from: number, to: number): MappedMemory {
    const granter = this.#granter(from);
    const gref = this.#grefs[from]!;
    return granter.memory(gref).map(granter.table.page(gref), to - from);
  }

  /** Maps what comes after the first piece: all pieces. */
  #mapRest(first: MappedMemory, from: number): MappedMemory[] {
    const pieces = [first];
    while (from < this.#grefs.length) {
      const to = this.#endOfRun(from);
      pieces.push(this.#mapRun(from, to));
      from = to;
    }
    return pieces;
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
    const memory = this.#memory;
    if (!("length" in memory)) memory.unmap();
    else for (const piece of memory) piece.unmap();
    const granters = this.#granters;
    if (!("length" in granters)) this.#letGo(granters, 0, grefs.length);
    else for (let index = 0; index < grefs.length; index++) this.#letGo(granters[index]!, index, index + 1);
    sendNotify(domain, notify);
    if (!("length" in granters)) granters.bury();
    else for (const granter of granters) granter.bury();
  }

  /** Ends the mapping of some pages of one domain. */
  #letGo(granter: MockDomain, from: number, to: number): void {
    const { table } = granter;
    const grefs = this.#grefs;
    for (let index = from; (index = table.unmap(grefs, index, to)) < to; index++) {
      const gref = grefs[index]!;
      granter.memory(gref).give(table.page(gref), 1);
      table.remove(gref);
    }
  }
}
