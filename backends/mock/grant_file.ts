import { GrantError } from "../../src/errors.ts";
import type { GrantFile, MappedMemory, UnmapNotify } from "../backend.ts";
import type { MockDomain } from "./domain.ts";
import type { Grant } from "./grant_table.ts";
import { Memory } from "./memory.ts";
import { NO_NOTIFY, replaceNotify, sendNotify } from "./notify.ts";
import type { MockProcess, ProcessFile } from "./process.ts";

/** The error's number on Linux. */
const ENOSPC = 28;

const NONE_HELD: readonly number[] = [];

/** One open file of a simulated domain: grants, by their reference. */
export class MockGrantFile implements GrantFile, ProcessFile {
  readonly process: MockProcess;
  readonly #domain: MockDomain;
  #tell: (page: number) => void = () => {};

  constructor(process: MockProcess) {
    this.process = process;
    this.#domain = process.domain;
    this.#domain.files.add(this);
  }

  grant(_page: number, count: number, domid: number, writable: boolean, grefs: Uint32Array): void {
    const domain = this.#domain;
    this.process.checkAlive("allocate");
    if (domain.left.size > 0) domain.reap();
    if (domain.counted + count > domain.limit) {
      throw new GrantError(
        `Cannot allocate ${count} pages as the limit of domain ${domain.domid} is ${domain.limit} and its programs use ` +
          `${domain.counted}: free pages, or raise \`limit\` of the domain`,
        { code: "kernel-limit-reached", operation: "allocate", errno: ENOSPC },
      );
    }
    const memory = newMemory(count);
    for (let page = 0; page < count; page++) {
      const grant = { domid, writable, memory, page, file: this, maps: 0, notify: NO_NOTIFY, deferred: false };
      const gref = domain.table.add(grant);
      if (gref === 0) {
        throw new GrantError(
          `Cannot allocate ${count} pages as the grant table of domain ${domain.domid} has ${domain.table.size} ` +
            `references and ${domain.table.used} are in use: free pages, or give the machine more \`tableFrames\``,
          { code: "table-full", operation: "allocate", errno: ENOSPC },
        );
      }
      grefs[page] = gref;
      domain.counted++;
    }
  }

  endAccess(page: number, count: number, grefs: Uint32Array): readonly number[] {
    // What is dead has no grants to end.
    if (!this.process.alive) return NONE_HELD;
    if (this.#domain.left.size > 0) this.#domain.reap();
    let held: number[] | undefined;
    for (let offset = 0; offset < count; offset++) {
      if (this.#end(grefs[offset]!)) continue;
      (held ??= []).push(offset);
      this.#grant(grefs[offset]!).letGo = () => this.#tell(page + offset);
    }
    return held ?? NONE_HELD;
  }

  whenLetGo(tell: (page: number) => void): void {
    this.#tell = tell;
  }

  /** Ends access to one page, unless the peer holds it and the machine leaves waiting to the caller: whether it did. */
  #end(gref: number): boolean {
    const domain = this.#domain;
    const grant = this.#grant(gref);
    if (grant.notify.clearByte !== undefined) grant.memory.clear(grant.page, grant.notify.clearByte);
    sendNotify(domain, grant.notify);
    grant.notify = NO_NOTIFY;
    if (grant.maps === 0) domain.table.remove(gref);
    else if (domain.xen.profile === "seed") return false;
    else grant.deferred = true;
    domain.counted--;
    return true;
  }

  #grant(gref: number): Grant {
    const grant = this.#domain.table.get(gref);
    if (!grant) throw new TypeError(`reference ${gref} was not granted`);
    return grant;
  }

  map(_page: number, count: number, gref: number, _writable: boolean): MappedMemory {
    this.process.checkAlive("map");
    const { memory, page } = this.#grant(gref);
    return memory.map(page, count);
  }

  setUnmapNotify(_page: number, gref: number, notify: UnmapNotify): void {
    this.process.checkAlive("notify");
    const grant = this.#grant(gref);
    grant.notify = replaceNotify(this.#domain, grant.notify, notify);
  }

  close(): void {
    this.#domain.files.delete(this);
  }

  die(): void {
    const domain = this.#domain;
    domain.files.delete(this);
    for (const [gref, grant] of domain.table.grants()) {
      if (grant.file !== this) continue;
      // Nobody waits for the peer any more.
      domain.table.tell(grant);
      // A dead domain has no grants to end.
      if (domain.destroyed || grant.deferred) continue;
      if (!this.#end(gref)) domain.left.add(gref);
    }
  }
}

/** Zeroed memory, or the error that there is none. */
function newMemory(pages: number): Memory {
  try {
    return new Memory(pages);
  } catch (cause) {
    throw new GrantError(`Cannot allocate ${pages} pages as this process has no memory for them`, {
      code: "no-memory",
      operation: "allocate",
      cause,
    });
  }
}
