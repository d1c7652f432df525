import type { Memory } from "./memory.ts";
import { NO_NOTIFY, type SetNotify } from "./notify.ts";

/** Entries in a frame of 4096 bytes: 8 bytes each in version 1 of Xen's grant tables. */
const ENTRIES_PER_FRAME = 512;
/** Xen reserves the references below this one. */
const FIRST_GREF = 8;

/**
 * An entry is 8 words of 32 bits, so that it fits in one cache line:
 *
 * ```text
 *  0        1        2      3            4      5      6 … 7
 *  | ACCESS | MEMORY | PAGE | ALLOCATION | MAPS | FILE | unused |
 *
 *  ACCESS:  | 0 … 15: DOMID | 16: USED | 17: WRITABLE | 18: DEFERRED | 19: VOID |     0 if the entry is free
 * ```
 */
const ENTRY_SHIFT = 3;
/** Who has access, and which: see the flags below. */
const ACCESS = 0;
/** The number of the memory that the page is in. */
const MEMORY = 1;
/** The page's place in that memory. */
const PAGE = 2;
/** The number of the allocation that the page is part of. */
const ALLOCATION = 3;
/** How often the page is mapped by this reference. */
const MAPS = 4;
/** The number of the file through which it was granted. */
const FILE = 5;

/** The domain that has access. */
const DOMID = 0xffff;
const USED = 1 << 16;
const WRITABLE = 1 << 17;
/** The owner freed the page while it was mapped: access ends with its last mapping. */
const DEFERRED = 1 << 18;
/** The domain was restored since it granted the page: nobody can map it, and the kernel keeps its reference. */
const VOID = 1 << 19;

/**
 * The grant table of one domain. It reuses the reference that was freed last.
 *
 * All entries are in one array of numbers, so granting a page creates no object.
 */
export class GrantTable {
  readonly #capacity: number;
  readonly #free: number[] = [];
  /** The lowest reference that was never used. Those from here on are free. */
  #fresh = FIRST_GREF;
  #words = new Uint32Array(0);
  #allocation = 0;
  /** The unmap notifies, of the few pages that have one. */
  readonly #notifies = new Map<number, SetNotify>();
  /** What to call when a page's last mapping ends, for pages whose owner waits for that. */
  readonly #waiting = new Map<number, () => void>();
  #used = 0;
  #mapped = 0;

  constructor(frames: number) {
    this.#capacity = frames * ENTRIES_PER_FRAME;
  }

  /** How many references there are, without the reserved ones. */
  get size(): number {
    return this.#capacity - FIRST_GREF;
  }

  /** How many entries its frames have. The table grows by whole frames. */
  get entries(): number {
    return Math.ceil(this.#fresh / ENTRIES_PER_FRAME) * ENTRIES_PER_FRAME;
  }

  /** How many references are in use. */
  get used(): number {
    return this.#used;
  }

  /** How many grants are mapped. */
  get mapped(): number {
    return this.#mapped;
  }

  /**
   * Grants `count` pages of a memory, from `page` on, as one allocation. Writes their references to the first entries
   * of `grefs`. Call {@linkcode makeRoom} before.
   *
   * @returns How many pages were granted: fewer than `count` if the table is full.
   */
  add(
    file: number,
    domid: number,
    writable: boolean,
    memory: Memory,
    page: number,
    count: number,
    grefs: Uint32Array,
  ): number {
    const access = domid | (writable ? USED | WRITABLE : USED);
    const { number } = memory;
    const allocation = ++this.#allocation;
    const free = this.#free;
    let granted = 0;
    for (; granted < count; granted++) {
      const gref = free.length > 0 ? free.pop()! : this.#next();
      if (gref === 0) break;
      const words = this.#words;
      const at = gref << ENTRY_SHIFT;
      words[at | ACCESS] = access;
      words[at | MEMORY] = number;
      words[at | PAGE] = page + granted;
      words[at | ALLOCATION] = allocation;
      words[at | FILE] = file;
      grefs[granted] = gref;
    }
    this.#used += granted;
    return granted;
  }

  /** Takes the lowest reference that was never used; 0 if there is none left. */
  #next(): number {
    return this.#fresh === this.#capacity ? 0 : this.#fresh++;
  }

  /**
   * Makes room for the entries of more pages, up to the size of the table.
   *
   * @throws {RangeError} if there is no memory for them.
   */
  makeRoom(pages: number): void {
    const fresh = Math.min(this.#fresh + Math.max(0, pages - this.#free.length), this.#capacity);
    if (fresh << ENTRY_SHIFT > this.#words.length) this.#grow(fresh);
  }

  #grow(needed: number): void {
    const entries = Math.min(Math.max(64, needed * 2), this.#capacity);
    const words = new Uint32Array(entries << ENTRY_SHIFT);
    words.set(this.#words);
    this.#words = words;
  }

  /** Whether a reference is in use: its page is granted, or the grant is void. */
  has(gref: number): boolean {
    return gref >= FIRST_GREF && gref < this.#fresh && this.#words[gref << ENTRY_SHIFT | ACCESS] !== 0;
  }

  /** The place of the first reference that a file does not grant; `count` if it grants all. */
  findMissing(grefs: Uint32Array, count: number, file: number): number {
    for (let index = 0; index < count; index++) {
      if (!this.isGrantedBy(grefs[index]!, file)) return index;
    }
    return count;
  }

  /** Whether a file grants a page by a reference, and has not freed it. */
  isGrantedBy(gref: number, file: number): boolean {
    if (!(gref >= FIRST_GREF && gref < this.#fresh)) return false;
    const at = gref << ENTRY_SHIFT;
    return (this.#words[at | ACCESS]! & (USED | DEFERRED)) === USED && this.#words[at | FILE] === file;
  }

  /** Whether a page is granted by a reference, and the grant is not void. */
  isGranted(gref: number): boolean {
    return this.has(gref) && !this.isVoid(gref);
  }

  /** Whether the domain was restored since it granted a page. */
  isVoid(gref: number): boolean {
    return (this.#words[gref << ENTRY_SHIFT | ACCESS]! & VOID) !== 0;
  }

  /** The domain that can map a page. */
  domid(gref: number): number {
    return this.#words[gref << ENTRY_SHIFT | ACCESS]! & DOMID;
  }

  /** Whether that domain can write to the page. */
  isWritable(gref: number): boolean {
    return (this.#words[gref << ENTRY_SHIFT | ACCESS]! & WRITABLE) !== 0;
  }

  /** The first place from `from` on whose reference a domain cannot map; `to` if it can map all of them. */
  findRefused(grefs: readonly number[], from: number, to: number, domid: number, writable: boolean): number {
    const words = this.#words;
    const fresh = this.#fresh;
    const bits = writable ? USED | WRITABLE : USED;
    for (let index = from; index < to; index++) {
      const gref = grefs[index]!;
      if (!(gref >= FIRST_GREF && gref < fresh)) return index;
      if ((words[gref << ENTRY_SHIFT | ACCESS]! & (bits | DOMID | VOID)) !== (bits | domid)) return index;
    }
    return to;
  }

  /** The number of the memory that a page is in. */
  memory(gref: number): number {
    return this.#words[gref << ENTRY_SHIFT | MEMORY]!;
  }

  /** The place of a page in its memory. */
  page(gref: number): number {
    return this.#words[gref << ENTRY_SHIFT | PAGE]!;
  }

  /** The end of the run of neighbouring pages of one allocation that begins at `from`; at most `to`. */
  endOfRun(grefs: readonly number[], from: number, to: number): number {
    const words = this.#words;
    const first = grefs[from]! << ENTRY_SHIFT;
    const allocation = words[first | ALLOCATION];
    const page = words[first | PAGE]! - from;
    let index = from + 1;
    for (; index < to; index++) {
      const at = grefs[index]! << ENTRY_SHIFT;
      if (words[at | PAGE] !== page + index || words[at | ALLOCATION] !== allocation) break;
    }
    return index;
  }

  /** The number of the file through which a page was granted. */
  file(gref: number): number {
    return this.#words[gref << ENTRY_SHIFT | FILE]!;
  }

  /** The unmap notify of a page. */
  notify(gref: number): SetNotify {
    return this.#notifies.get(gref) ?? NO_NOTIFY;
  }

  /** Sets the unmap notify of a page. */
  setNotify(gref: number, notify: SetNotify): void {
    this.#notifies.set(gref, notify);
  }

  /** Removes the unmap notify of a page, and returns it. */
  takeNotify(gref: number): SetNotify | undefined {
    if (this.#notifies.size === 0) return undefined;
    const notify = this.#notifies.get(gref);
    this.#notifies.delete(gref);
    return notify;
  }

  /** Whether a page is mapped by its reference. */
  isMapped(gref: number): boolean {
    return this.#words[gref << ENTRY_SHIFT | MAPS] !== 0;
  }

  /** The first place from `from` on whose reference is not mapped; `to` if all are. */
  findUnmapped(grefs: readonly number[], from: number, to: number): number {
    for (let index = from; index < to; index++) {
      if (!this.has(grefs[index]!) || !this.isMapped(grefs[index]!)) return index;
    }
    return to;
  }

  /** Counts a mapping of the pages `from` up to, but not including, `to`. */
  map(grefs: readonly number[], from: number, to: number): void {
    const words = this.#words;
    for (let index = from; index < to; index++) {
      if (words[grefs[index]! << ENTRY_SHIFT | MAPS]!++ === 0) this.#mapped++;
    }
  }

  /**
   * Counts the end of a mapping of the pages `from` up to, but not including, `to`. Stops at a deferred page whose last
   * mapping this is, and returns its place: remove its grant, and call again with the place after it. Returns `to` at
   * the end.
   */
  unmap(grefs: readonly number[], from: number, to: number): number {
    for (let index = from; index < to; index++) {
      // Not before the loop: what `release` calls may make the table grow.
      const words = this.#words;
      const at = grefs[index]! << ENTRY_SHIFT;
      if (--words[at | MAPS]! > 0) continue;
      this.#mapped--;
      if ((words[at | ACCESS]! & DEFERRED) !== 0) return index;
      if (this.#waiting.size > 0) this.release(grefs[index]!);
    }
    return to;
  }

  /** Calls back once, when the last mapping of a page ends. */
  awaitRelease(gref: number, released: () => void): void {
    this.#waiting.set(gref, released);
  }

  /** Calls the callback that waits for the last mapping of a page to end. */
  release(gref: number): void {
    const released = this.#waiting.get(gref);
    this.#waiting.delete(gref);
    released?.();
  }

  /** Makes access to a mapped page end with its last mapping. */
  defer(gref: number): void {
    this.#words[gref << ENTRY_SHIFT | ACCESS]! |= DEFERRED;
  }

  /** Whether access to a page ends with its last mapping. */
  isDeferred(gref: number): boolean {
    return (this.#words[gref << ENTRY_SHIFT | ACCESS]! & DEFERRED) !== 0;
  }

  /** Whether the owner of a page has freed it, and access ends when the last mapping does. */
  isFreed(gref: number): boolean {
    return this.isDeferred(gref) || this.#waiting.has(gref);
  }

  /** Removes a grant that is not mapped. */
  remove(gref: number): void {
    this.#words[gref << ENTRY_SHIFT | ACCESS] = 0;
    this.#free.push(gref);
    this.#used--;
  }

  /**
   * Removes the grants from place `from` on, up to the first page that is mapped, has an unmap notify, or is not the
   * neighbour of the page before in the same memory; at most to `to`. Returns the place where it stopped.
   */
  removeRun(grefs: Uint32Array, from: number, to: number): number {
    const notifies = this.#notifies;
    const words = this.#words;
    const free = this.#free;
    const first = grefs[from]! << ENTRY_SHIFT;
    const memory = words[first | MEMORY];
    const page = words[first | PAGE]! - from;
    let index = from;
    for (; index < to; index++) {
      const gref = grefs[index]!;
      const at = gref << ENTRY_SHIFT;
      // A reference that is named twice is no longer granted the second time.
      if (words[at | ACCESS] === 0 || words[at | MAPS] !== 0) break;
      if (words[at | PAGE] !== page + index || words[at | MEMORY] !== memory) break;
      if (notifies.size > 0 && notifies.has(gref)) break;
      words[at | ACCESS] = 0;
      free.push(gref);
    }
    this.#used -= index - from;
    return index;
  }

  /**
   * Returns a copy, which keeps the mappings, and makes all grants here void: they are no longer mapped, and only their
   * owner still knows them. Unmap notifies stay here.
   */
  leave(): GrantTable {
    const left = new GrantTable(this.#capacity / ENTRIES_PER_FRAME);
    left.#words = this.#words.slice();
    left.#fresh = this.#fresh;
    left.#used = this.#used;
    left.#mapped = this.#mapped;
    for (const gref of this.grefs()) {
      const at = gref << ENTRY_SHIFT;
      this.#words[at | ACCESS]! |= VOID;
      this.#words[at | MAPS] = 0;
    }
    this.#mapped = 0;
    return left;
  }

  /** What to call for the pages whose owner waits for their last mapping to end. They are not called again. */
  takeWaiting(): (() => void)[] {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    return waiting;
  }

  /** The references of all grants, ascending. */
  *grefs(): Generator<number> {
    for (let gref = FIRST_GREF; gref < this.#fresh; gref++) {
      if (this.#words[gref << ENTRY_SHIFT | ACCESS] !== 0) yield gref;
    }
  }
}
