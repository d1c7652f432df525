import type { Memory } from "./memory.ts";
import type { SetNotify } from "./notify.ts";
import type { ProcessFile } from "./process.ts";

/** Entries in a frame of a table: 8 bytes each, of 4096 (Xen's version 1 of the table). */
const ENTRIES_A_FRAME = 512;
/** References below this one are reserved by Xen. */
const FIRST_GREF = 8;

/** A page that its domain has granted. */
export interface Grant {
  /** The domain that may map it. */
  readonly domid: number;
  /** Whether that domain may write to it. */
  readonly writable: boolean;
  /** Where the page is: in which memory, at which place. */
  readonly memory: Memory;
  readonly page: number;
  /** The file through which it was granted. */
  readonly file: ProcessFile;
  /** How often it is mapped through its reference: see {@linkcode GrantTable.map}. */
  maps: number;
  /** What happens when access to it ends; once. */
  notify: SetNotify;
  /** Whether its owner has let go of it, so that it ends with its last mapping. */
  deferred: boolean;
  /** What is done when its last mapping ends, once: its owner was told that the page is held, and waits. */
  letGo?: (() => void) | undefined;
}

/** The grant table of one domain. A reference that was freed is the first to be used again. */
export class GrantTable {
  readonly #entries: (Grant | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #capacity: number;
  #used = 0;
  #mapped = 0;

  constructor(frames: number) {
    this.#capacity = frames * ENTRIES_A_FRAME;
  }

  /** References that could be in use, without the reserved ones. */
  get size(): number {
    return this.#capacity - FIRST_GREF;
  }

  /** References below this one are in the frames that the table has by now: it grows by whole frames. */
  get entries(): number {
    return Math.ceil(Math.max(1, FIRST_GREF + this.#entries.length) / ENTRIES_A_FRAME) * ENTRIES_A_FRAME;
  }

  /** References in use. */
  get used(): number {
    return this.#used;
  }

  /** Grants that are mapped. */
  get mapped(): number {
    return this.#mapped;
  }

  /** Counts a mapping of a grant. */
  map(grant: Grant): void {
    if (grant.maps++ === 0) this.#mapped++;
  }

  /** Counts the end of a mapping; a grant that its owner has let go of ends with its last one. */
  unmap(gref: number, grant: Grant): void {
    if (--grant.maps > 0) return;
    this.#mapped--;
    if (grant.deferred) this.remove(gref);
    else this.tell(grant);
  }

  /** Tells the owner of a grant that waits for it that access may end now. */
  tell(grant: Grant): void {
    const { letGo } = grant;
    grant.letGo = undefined;
    letGo?.();
  }

  /** Grants a page: its reference, or 0 if the table is full. */
  add(grant: Grant): number {
    const fresh = FIRST_GREF + this.#entries.length;
    const gref = this.#free.pop() ?? (fresh < this.#capacity ? fresh : 0);
    if (gref === 0) return 0;
    this.#entries[gref - FIRST_GREF] = grant;
    this.#used++;
    return gref;
  }

  /** The grant with a reference, if there is one. */
  get(gref: number): Grant | undefined {
    return this.#entries[gref - FIRST_GREF];
  }

  /** Ends a grant that is not mapped. */
  remove(gref: number): void {
    this.#entries[gref - FIRST_GREF] = undefined;
    this.#free.push(gref);
    this.#used--;
  }

  /** Every grant, with its reference. */
  *grants(): Generator<[gref: number, grant: Grant]> {
    for (const [index, grant] of this.#entries.entries()) {
      if (grant) yield [index + FIRST_GREF, grant];
    }
  }
}
