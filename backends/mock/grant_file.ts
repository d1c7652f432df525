import { GrantError } from "../../src/errors.ts";
import type { GrantFile, MappedMemory, UnmapNotify } from "../backend.ts";
import type { MockDomain } from "./domain.ts";
import type { Grant } from "./grant_table.ts";
import { Memory } from "./memory.ts";

/** The errors' numbers on Linux. */
const EINVAL = 22;
const ENOSPC = 28;

const NONE_HELD: readonly number[] = [];
const NO_NOTIFY: UnmapNotify = {};

/** One open file of a simulated domain: grants, by their reference. */
export class MockGrantFile implements GrantFile {
  readonly #domain: MockDomain;
  #tell: (page: number) => void = () => {};

  constructor(domain: MockDomain) {
    this.#domain = domain;
  }

  grant(_page: number, count: number, domid: number, writable: boolean, grefs: Uint32Array): void {
    const domain = this.#domain;
    domain.checkAlive("allocate");
    if (domain.counted + count > domain.limit) {
      throw new GrantError(
        `Cannot allocate ${count} pages as the limit of domain ${domain.domid} is ${domain.limit} and its programs use ` +
          `${domain.counted}: free pages, or raise \`limit\` of the domain`,
        { code: "kernel-limit-reached", operation: "allocate", errno: ENOSPC },
      );
    }
    const memory = newMemory(count);
    for (let page = 0; page < count; page++) {
      const grant = { domid, writable, memory, page, maps: 0, notify: NO_NOTIFY, deferred: false };
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
    // A dead domain has no grants to end.
    if (this.#domain.destroyed) return NONE_HELD;
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
    this.#domain.checkAlive("map");
    const { memory, page } = this.#grant(gref);
    return memory.map(page, count);
  }

  setUnmapNotify(_page: number, gref: number, notify: UnmapNotify): void {
    this.#domain.checkAlive("notify");
    if (notify.eventPort !== undefined) {
      throw new GrantError(
        `Cannot set the unmap notify as no event channel is bound to port ${notify.eventPort}: the simulated machine has none`,
        { code: "notify-refused", operation: "notify", errno: EINVAL },
      );
    }
    this.#grant(gref).notify = notify;
  }

  close(): void {}
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
