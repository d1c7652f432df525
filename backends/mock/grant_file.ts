import { GrantError } from "../../src/contract/errors.ts";
import { pages } from "../../src/contract/messages.ts";
import type { GrantFile, MappedMemory, UnmapNotify } from "../../src/contract/backend.ts";
import type { MockDomain } from "./domain.ts";
import type { Memory } from "./memory.ts";
import { replaceNotify, sendNotify, type SetNotify } from "./notify.ts";
import type { MockProcess, ProcessFile } from "./process.ts";

/** The error's number on Linux. */
const ENOSPC = 28;

const NONE_HELD: readonly number[] = [];

/** One open file of a simulated domain: grants, by their reference. */
export class MockGrantFile implements GrantFile, ProcessFile {
  readonly process: MockProcess;
  readonly #domain: MockDomain;
  /** Its number in the domain, by which its grants are found. */
  readonly #number: number;
  #tell: (page: number) => void = () => {};

  constructor(process: MockProcess) {
    const { domain } = process;
    this.process = process;
    this.#domain = domain;
    this.#number = domain.grantFiles++;
    domain.files.add(this);
  }

  grant(_page: number, count: number, domid: number, writable: boolean, grefs: Uint32Array): void {
    const domain = this.#domain;
    this.process.checkAlive("allocate");
    if (domain.left.size > 0) domain.reap();
    if (domain.counted + count > domain.limit) throw this.#limitReached(count);
    if (count === 0) return;
    const memory = takeMemory(domain, count);
    const first = memory.taken;
    const granted = domain.table.add(this.#number, domid, writable, memory, first, count, grefs);
    domain.counted += granted;
    if (granted === count) return;
    memory.give(first + granted, count - granted);
    throw this.#tableFull(count);
  }

  #limitReached(count: number): GrantError {
    const { domid, limit, counted } = this.#domain;
    return new GrantError(
      `Cannot allocate ${pages(count)} as the limit of domain ${domid} is ${limit} and its programs use ` +
        `${counted}: free pages, or raise \`limit\` of the domain`,
      { code: "kernel-limit-reached", operation: "allocate", errno: ENOSPC },
    );
  }

  #tableFull(count: number): GrantError {
    const { domid, table } = this.#domain;
    return new GrantError(
      `Cannot allocate ${pages(count)} as the grant table of domain ${domid} has ${table.size} references and ` +
        `${table.used} are in use: free pages, or give the machine more \`tableFrames\``,
      { code: "table-full", operation: "allocate", errno: ENOSPC },
    );
  }

  endAccess(page: number, count: number, grefs: Uint32Array): readonly number[] {
    // What is dead has no grants to end.
    if (!this.process.alive) return NONE_HELD;
    if (this.#domain.left.size > 0) this.#domain.reap();
    const missing = this.#domain.table.findMissing(grefs, count, this.#number);
    if (missing < count) throw notGranted(grefs[missing]!);
    return this.#end(page, count, grefs);
  }

  /** Ends access to pages that are granted, as far as their peers let it: the offsets of those that they hold. */
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

  /** The same for one page: whether access to it ends. */
  #endOne(gref: number, page: number): boolean {
    const domain = this.#domain;
    const { table } = domain;
    // One that stands in the array twice.
    if (!table.isGrantedBy(gref, this.#number)) throw notGranted(gref);
    const notify = table.takeNotify(gref);
    if (notify !== undefined) this.#fire(gref, notify);
    if (!table.isMapped(gref)) {
      domain.memory(gref).give(table.page(gref), 1);
      table.remove(gref);
    } else if (domain.xen.profile === "linux-5.16") {
      // Waiting is left to the caller.
      this.#wait(gref, page);
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
    sendNotify(domain, notify);
  }

  /** Apart from where it is called, which would make a context for the closure at each call, also where nobody waits. */
  #wait(gref: number, page: number): void {
    this.#domain.table.wait(gref, () => this.#tell(page));
  }

  onRelease(tell: (page: number) => void): void {
    this.#tell = tell;
  }

  #check(gref: number): void {
    if (!this.#domain.table.has(gref)) throw notGranted(gref);
  }

  map(_page: number, count: number, gref: number, _writable: boolean): MappedMemory {
    const domain = this.#domain;
    this.process.checkAlive("map");
    this.#check(gref);
    return domain.memory(gref).map(domain.table.page(gref), count);
  }

  setUnmapNotify(_page: number, gref: number, notify: UnmapNotify): void {
    this.process.checkAlive("notify");
    this.#check(gref);
    const { table } = this.#domain;
    table.setNotify(gref, replaceNotify(this.#domain, table.notify(gref), notify));
  }

  close(): void {
    this.#domain.files.delete(this);
  }

  die(): void {
    const domain = this.#domain;
    const { table } = domain;
    domain.files.delete(this);
    const grefs = [...table.grefs()].filter((gref) => table.file(gref) === this.#number);
    // Nobody waits for the peers any more.
    for (const gref of grefs) table.tell(gref);
    this.#tell = () => {};
    // A dead domain has no grants to end.
    if (domain.destroyed) return;
    const listed = Uint32Array.from(grefs.filter((gref) => !table.isDeferred(gref)));
    for (const offset of this.#end(0, listed.length, listed)) domain.left.add(listed[offset]!);
  }
}

function notGranted(gref: number): TypeError {
  return new TypeError(`reference ${gref} was not granted`);
}

/** Zeroed pages, and room for them in the table; or the error that there is no memory for them. */
function takeMemory({ table, xen }: MockDomain, count: number): Memory {
  try {
    table.makeRoom(count);
    return xen.memory.take(count);
  } catch (cause) {
    throw new GrantError(`Cannot allocate ${pages(count)} as this process has no memory for them`, {
      code: "no-memory",
      operation: "allocate",
      cause,
    });
  }
}
