import type { GrantFile, MappedMemory, UnmapNotify } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { GrantError } from "../../src/contract/errors.ts";
import { pages } from "../../src/contract/messages.ts";
import { heldPages, wayOut } from "./in_use.ts";
import type { DomainState, KernelFile, ProcessState } from "./kernel.ts";
import type { Memory } from "./memory.ts";
import { replaceNotify, sendNotify, type SetNotify } from "./notify.ts";

const NONE_HELD: readonly number[] = [];

/**
 * An open file through which a process grants pages. The kernel names a page by its reference, so indices are only
 * passed on.
 */
export class MockGrantFile implements GrantFile, KernelFile {
  readonly process: ProcessState;
  readonly #domain: DomainState;
  /** Its number in the domain, which the grant table keeps for each of its grants. */
  readonly number: number;
  #released: (page: number) => void = () => {};

  constructor(process: ProcessState) {
    const { domain } = process;
    this.process = process;
    this.#domain = domain;
    this.number = domain.grantFiles++;
    domain.files.add(this);
  }

  grant(_page: number, count: number, domid: number, writable: boolean, grefs: Uint32Array): void {
    const domain = this.#domain;
    this.process.checkAlive("allocate");
    if (domain.orphans.size > 0) domain.reclaimOrphans();
    if (domain.counted + count > domain.limit) throw this.#limitReached(count);
    if (count === 0) return;
    const memory = takeMemory(domain, count);
    const first = memory.taken;
    const granted = domain.table.add(this.number, domid, writable, memory, first, count, grefs);
    domain.counted += granted;
    if (granted === count) return;
    memory.give(first + granted, count - granted);
    throw this.#tableFull(count);
  }

  #limitReached(count: number): GrantError {
    const { domid, limit, counted, machine } = this.#domain;
    // With `linux-6.1`, pages that were freed do not count.
    const held = machine.settings.profile === "linux-5.16" ? heldPages(this.#domain) : [];
    return new GrantError(
      `Cannot allocate ${pages(count)}: the limit of domain ${domid} is ${limit} and its programs use ${counted}. ` +
        wayOut(this.#domain, counted, held, "raise `limit` of the domain"),
      { code: "kernel-limit-reached", operation: "allocate", errno: Errno.ENOSPC },
    );
  }

  #tableFull(count: number): GrantError {
    const { domid, table } = this.#domain;
    return new GrantError(
      `Cannot allocate ${pages(count)}: the grant table of domain ${domid} has ${table.size} references and ` +
        `${table.used} are in use. ` +
        wayOut(this.#domain, table.used, heldPages(this.#domain), "create the MockXen with more `tableFrames`"),
      { code: "table-full", operation: "allocate", errno: Errno.ENOSPC },
    );
  }

  endAccess(page: number, count: number, grefs: Uint32Array): readonly number[] {
    // The kernel has ended all grants of a dead process.
    if (!this.process.alive) return NONE_HELD;
    if (this.#domain.orphans.size > 0) this.#domain.reclaimOrphans();
    const missing = this.#domain.table.findMissing(grefs, count, this.number);
    if (missing < count) throw notGranted(grefs[missing]!);
    return this.#end(page, count, grefs);
  }

  /** Ends access to granted pages. Returns the offsets of those that their peer holds. */
  #end(page: number, count: number, grefs: Uint32Array): readonly number[] {
    const domain = this.#domain;
    const { table } = domain;
    let held: number[] | undefined;
    for (let offset = 0; offset < count;) {
      const gref = grefs[offset]!;
      const memory = domain.memory(gref);
      const first = table.page(gref);
      const end = table.removeRun(grefs, offset, count);
      if (end > offset) {
        memory.give(first, end - offset);
        domain.counted -= end - offset;
        offset = end;
        continue;
      }
      if (!this.#endOne(gref, page + offset)) (held ??= []).push(offset);
      offset++;
    }
    return held ?? NONE_HELD;
  }

  /** Ends access to one page. Returns false if its peer holds it. */
  #endOne(gref: number, page: number): boolean {
    const domain = this.#domain;
    const { table } = domain;
    // The caller named it twice.
    if (!table.isGrantedBy(gref, this.number)) throw notGranted(gref);
    const notify = table.takeNotify(gref);
    if (notify !== undefined) this.#fire(gref, notify);
    if (!table.isMapped(gref)) {
      domain.free(gref);
    } else if (domain.machine.settings.profile === "linux-5.16") {
      this.#awaitRelease(gref, page);
      return false;
    } else {
      table.defer(gref);
    }
    domain.counted--;
    return true;
  }

  #fire(gref: number, notify: SetNotify): void {
    const domain = this.#domain;
    if (notify.clearByte !== undefined) domain.memory(gref).clear(domain.table.page(gref), notify.clearByte);
    sendNotify(domain.ports, notify);
  }

  /** A separate method, because its closure would cost the caller a context on every call, even if no page is held. */
  #awaitRelease(gref: number, page: number): void {
    this.#domain.table.awaitRelease(gref, () => this.#released(page));
  }

  onRelease(released: (page: number) => void): void {
    this.#released = released;
  }

  #check(gref: number): void {
    if (!this.#domain.table.has(gref)) throw notGranted(gref);
  }

  map(_page: number, count: number, gref: number, _writable: boolean): MappedMemory {
    const domain = this.#domain;
    this.process.checkAlive("map");
    this.#check(gref);
    const mapping = domain.memory(gref).map(domain.table.page(gref), count);
    mapping.owner = this.process;
    this.process.ownPages += count;
    return mapping;
  }

  setUnmapNotify(_page: number, gref: number, notify: UnmapNotify): void {
    this.process.checkAlive("notify");
    this.#check(gref);
    const { table, ports } = this.#domain;
    table.setNotify(gref, replaceNotify(ports, table.notify(gref), notify));
  }

  close(): void {
    this.#domain.files.delete(this);
  }

  closeByKernel(): void {
    const domain = this.#domain;
    const { table } = domain;
    domain.files.delete(this);
    const grefs = [...table.grefs()].filter((gref) => table.file(gref) === this.number);
    if (domain.destroyed) {
      // The domain keeps its grants until its peers have unmapped them, but its programs no longer wait for that.
      for (const gref of grefs) table.release(gref);
      return;
    }
    // None of the killed program's code runs.
    this.#released = () => {};
    const listed = Uint32Array.from(grefs.filter((gref) => !table.isDeferred(gref)));
    for (const offset of this.#end(0, listed.length, listed)) domain.orphans.add(listed[offset]!);
  }
}

function notGranted(gref: number): TypeError {
  return new TypeError(`reference ${gref} was not granted`);
}

/** Takes zeroed pages, and makes room for them in the grant table. */
function takeMemory({ table, machine }: DomainState, count: number): Memory {
  try {
    table.makeRoom(count);
    return machine.memory.take(count);
  } catch (cause) {
    throw new GrantError(`Cannot allocate ${pages(count)}: out of memory. Free pages, or allocate fewer.`, {
      code: "no-memory",
      operation: "allocate",
      cause,
    });
  }
}
