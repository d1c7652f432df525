import type { MappedMemory, PeerMemory, UnmapNotify } from "../../src/contract/backend.ts";
import { PAGE_SIZE } from "../../src/contract/limits.ts";
import { crash } from "./crash.ts";
import type { DomainState, KernelMapping, ProcessState } from "./kernel.ts";
import { NO_NOTIFY, refused, replaceNotify, sendNotify, type SetNotify } from "./notify.ts";

const NO_BYTES = new Uint8Array(0);

/** Granted pages that a process has mapped: until the program unmaps them, or the process or the domain ends. */
export class MockPeerMapping implements PeerMemory, KernelMapping {
  readonly process: ProcessState;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly parts?: readonly Uint8Array<ArrayBuffer>[];
  previous: KernelMapping | undefined = undefined;
  next: KernelMapping | undefined = undefined;
  listed = false;
  /** The domain that granted the pages: one for all, or one for each. */
  #granters: DomainState | readonly DomainState[];
  readonly grefs: readonly number[];
  readonly writable: boolean;
  /** The memory: one part or several, each of neighbouring pages of one allocation. */
  readonly #memory: MappedMemory | readonly MappedMemory[];
  #notify: SetNotify = NO_NOTIFY;

  constructor(
    process: ProcessState,
    granters: DomainState | readonly DomainState[],
    grefs: readonly number[],
    writable: boolean,
  ) {
    this.process = process;
    this.#granters = granters;
    this.grefs = grefs;
    this.writable = writable;
    const end = this.#endOfRun(0);
    const memory = this.#mapRun(0, end);
    if (end === grefs.length) {
      this.#memory = memory;
      this.bytes = memory.bytes;
    } else {
      const parts = this.#mapRest(memory, end);
      this.#memory = parts;
      this.bytes = NO_BYTES;
      this.parts = parts.map(({ bytes }) => bytes);
    }
    if (!("length" in granters)) granters.table.map(grefs, 0, grefs.length);
    else for (let index = 0; index < grefs.length; index++) granters[index]!.table.map(grefs, index, index + 1);
    process.domain.mappings.add(this);
    process.domain.mappedPages += grefs.length;
  }

  /** The domain that granted a page. */
  granter(index: number): DomainState {
    const granters = this.#granters;
    return "length" in granters ? granters[index]! : granters;
  }

  replaceGranter(granter: DomainState, other: DomainState): void {
    const granters = this.#granters;
    if (!("length" in granters)) this.#granters = granters === granter ? other : granters;
    else this.#granters = granters.map((one) => one === granter ? other : one);
  }

  /** The end of the run that begins at `from`: of neighbouring pages of one allocation. */
  #endOfRun(from: number): number {
    const granters = this.#granters;
    const grefs = this.grefs;
    if (!("length" in granters)) return granters.table.endOfRun(grefs, from, grefs.length);
    let to = from + 1;
    while (to < grefs.length && granters[to] === granters[from]) to++;
    return granters[from]!.table.endOfRun(grefs, from, to);
  }

  #mapRun(from: number, to: number): MappedMemory {
    const granter = this.granter(from);
    const gref = this.grefs[from]!;
    return granter.memory(gref).map(granter.table.page(gref), to - from);
  }

  /** Maps all runs after the first. Returns the parts, the first included. */
  #mapRest(first: MappedMemory, from: number): MappedMemory[] {
    const parts = [first];
    while (from < this.grefs.length) {
      const to = this.#endOfRun(from);
      parts.push(this.#mapRun(from, to));
      from = to;
    }
    return parts;
  }

  setUnmapNotify(notify: UnmapNotify): void {
    this.process.checkAlive("notify");
    const { clearByte } = notify;
    if (clearByte !== undefined && !this.writable) {
      throw refused(`byte ${clearByte} cannot be cleared in a read-only mapping. Map with \`writable: true\``);
    }
    this.#notify = replaceNotify(this.process.domain.ports, this.#notify, notify);
  }

  unmap(): void {
    if (this.listed) return this.end();
    // The kernel has already ended it, with its process or domain; or the domain was restored without it.
    const { domain, alive } = this.process;
    if (!alive) return;
    if (this.#notify.clearByte === undefined) return sendNotify(domain.ports, this.#notify);
    throw crash(
      "unmap",
      "the pages were mapped",
      domain.domid,
      "An unmap notify clears a byte. Call `setUnmapNotify({})` of a lost mapping before `unmap()`: here it is too late.",
    );
  }

  /**
   * Ends the mapping as the kernel does: clears the byte, unmaps, sends the event. Access to pages that their owner has
   * freed ends with their last mapping. The kernel of a destroyed domain no longer runs: only Xen unmaps.
   */
  end(): void {
    const notify = this.process.domain.destroyed ? NO_NOTIFY : this.#notify;
    this.#notify = NO_NOTIFY;
    this.#end(notify);
  }

  lose(): void {
    this.#end(NO_NOTIFY);
  }

  #end(notify: SetNotify): void {
    const { domain } = this.process;
    const grefs = this.grefs;
    if (notify.clearByte !== undefined) {
      const index = Math.floor(notify.clearByte / PAGE_SIZE);
      const granter = this.granter(index);
      const gref = grefs[index]!;
      granter.memory(gref).clear(granter.table.page(gref), notify.clearByte % PAGE_SIZE);
    }
    domain.mappings.delete(this);
    domain.mappedPages -= grefs.length;
    const memory = this.#memory;
    if (!("length" in memory)) memory.unmap();
    else for (const part of memory) part.unmap();
    const granters = this.#granters;
    if (!("length" in granters)) this.#unmapGrants(granters, 0, grefs.length);
    else for (let index = 0; index < grefs.length; index++) this.#unmapGrants(granters[index]!, index, index + 1);
    sendNotify(domain.ports, notify);
    if (!("length" in granters)) granters.removeIfUnmapped();
    else for (const granter of granters) granter.removeIfUnmapped();
  }

  /** Counts the end of the mapping in the table of a domain, and frees the pages that end with it. */
  #unmapGrants(granter: DomainState, from: number, to: number): void {
    const { table } = granter;
    const grefs = this.grefs;
    for (let index = from; (index = table.unmap(grefs, index, to)) < to; index++) {
      granter.free(grefs[index]!);
    }
  }
}
