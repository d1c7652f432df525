import type { Memory } from "./memory.ts";
import { NO_NOTIFY, type SetNotify } from "./notify.ts";

/** Entries in a frame of a table: 8 bytes each, of 4096 (Xen's version 1 of the table). */
const ENTRIES_A_FRAME = 512;
/** References below this one are reserved by Xen. */
const FIRST_GREF = 8;

/** Words of an entry: what it says, the number of the memory that the page is in and its place there, and so on. */
const SAYS = 0;
const MEMORY = 1;
const PAGE = 2;
/** Which allocation the page is of, counted by the table. */
const ALLOCATION = 3;
/** How often the page is mapped through the reference. */
const MAPS = 4;
/** The number of the file through which it was granted. */
const FILE = 5;
/** An entry begins every so many words, so that it is within one line of the cache. */
const BITS = 3;

/** What an entry says: the domain in its lower bits, and these. An entry that says nothing is free. */
const USED = 1 << 16;
const WRITABLE = 1 << 17;
/** The owner has let go of the page, so that access ends with its last mapping. */
const DEFERRED = 1 << 18;
const DOMID = USED - 1;

/**
 * The grant table of one domain. A reference that was freed is the first to be used again.
 *
 * The entries are in one array of numbers, so that to grant a page makes no object.
 */
export class GrantTable {
  readonly #capacity: number;
  readonly #free: number[] = [];
  /** The lowest reference that was never used. */
  #fresh = FIRST_GREF;
  #words = new Uint32Array(0);
  #allocation = 0;
  /** What happens when access to a page ends, for the few with which anything does. */
  readonly #notifies = new Map<number, SetNotify>();
  /** What is done when a page's last mapping ends, once, for those whose owner was told that they are held, and waits. */
  readonly #waiting = new Map<number, () => void>();
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
    return Math.ceil(this.#fresh / ENTRIES_A_FRAME) * ENTRIES_A_FRAME;
  }

  /** References in use. */
  get used(): number {
    return this.#used;
  }

  /** Grants that are mapped. */
  get mapped(): number {
    return this.#mapped;
  }

  /**
   * Grants pages next to each other of a memory, for which there is room, as one allocation, through a file that has a number: their
   * references become the first entries of `grefs`.
   *
   * @returns How many: less than `count` if the table is full.
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
    const says = domid | (writable ? USED | WRITABLE : USED);
    const { number } = memory;
    const allocation = ++this.#allocation;
    const free = this.#free;
    let granted = 0;
    for (; granted < count; granted++) {
      const gref = free.length > 0 ? free.pop()! : this.#next();
      if (gref === 0) break;
      const words = this.#words;
      const at = gref << BITS;
      words[at | SAYS] = says;
      words[at | MEMORY] = number;
      words[at | PAGE] = page + granted;
      words[at | ALLOCATION] = allocation;
      words[at | FILE] = file;
      grefs[granted] = gref;
    }
    this.#used += granted;
    return granted;
  }

  /** The lowest reference that was never used, or 0 if there is none left. */
  #next(): number {
    return this.#fresh === this.#capacity ? 0 : this.#fresh++;
  }

  /**
   * Makes room for the entries of more pages, as far as the table may have them: before they are granted.
   *
   * @throws {RangeError} if there is no memory.
   */
  makeRoom(pages: number): void {
    const fresh = Math.min(this.#fresh + Math.max(0, pages - this.#free.length), this.#capacity);
    if (fresh << BITS > this.#words.length) this.#grow(fresh);
  }

  #grow(needed: number): void {
    const entries = Math.min(Math.max(64, needed * 2), this.#capacity);
    const words = new Uint32Array(entries << BITS);
    words.set(this.#words);
    this.#words = words;
  }

  /** Whether there is a grant with a reference. */
  has(gref: number): boolean {
    return gref >= FIRST_GREF && gref < this.#fresh && this.#words[gref << BITS | SAYS] !== 0;
  }

  /** The place of the first of some references by which a file grants nothing, or has let go of what it granted; or their number. */
  findMissing(grefs: Uint32Array, count: number, file: number): number {
    for (let index = 0; index < count; index++) {
      if (!this.isGrantedBy(grefs[index]!, file)) return index;
    }
    return count;
  }

  /** Whether a file grants a page by a reference, and has not let go of it. */
  isGrantedBy(gref: number, file: number): boolean {
    if (!(gref >= FIRST_GREF && gref < this.#fresh)) return false;
    const at = gref << BITS;
    return (this.#words[at | SAYS]! & (USED | DEFERRED)) === USED && this.#words[at | FILE] === file;
  }

  /** The domain that may map a page. */
  domid(gref: number): number {
    return this.#words[gref << BITS | SAYS]! & DOMID;
  }

  /** Whether that domain may write to it. */
  isWritable(gref: number): boolean {
    return (this.#words[gref << BITS | SAYS]! & WRITABLE) !== 0;
  }

  /** The place of the first reference, from some place on and before some other, that a domain may not map; or `to`. */
  findRefused(grefs: readonly number[], from: number, to: number, domid: number, writable: boolean): number {
    const words = this.#words;
    const fresh = this.#fresh;
    const bits = writable ? USED | WRITABLE : USED;
    for (let index = from; index < to; index++) {
      const gref = grefs[index]!;
      if (!(gref >= FIRST_GREF && gref < fresh)) return index;
      if ((words[gref << BITS | SAYS]! & (bits | DOMID)) !== (bits | domid)) return index;
    }
    return to;
  }

  /** The number of the memory that a page is in. */
  memory(gref: number): number {
    return this.#words[gref << BITS | MEMORY]!;
  }

  /** The place of a page in its memory. */
  page(gref: number): number {
    return this.#words[gref << BITS | PAGE]!;
  }

  /** The end of those, from some place on and before some other, whose pages are neighbours in one allocation. */
  endOfRun(grefs: readonly number[], from: number, to: number): number {
    const words = this.#words;
    const first = grefs[from]! << BITS;
    const allocation = words[first | ALLOCATION];
    const page = words[first | PAGE]! - from;
    let index = from + 1;
    for (; index < to; index++) {
      const at = grefs[index]! << BITS;
      if (words[at | PAGE] !== page + index || words[at | ALLOCATION] !== allocation) break;
    }
    return index;
  }

  /** The number of the file through which a page was granted. */
  file(gref: number): number {
    return this.#words[gref << BITS | FILE]!;
  }

  /** What happens when access to a page ends. */
  notify(gref: number): SetNotify {
    return this.#notifies.get(gref) ?? NO_NOTIFY;
  }

  /** Sets what happens when access to a page ends. */
  setNotify(gref: number, notify: SetNotify): void {
    this.#notifies.set(gref, notify);
  }

  /** What happens when access to a page ends; asked once. */
  takeNotify(gref: number): SetNotify | undefined {
    if (this.#notifies.size === 0) return undefined;
    const notify = this.#notifies.get(gref);
    this.#notifies.delete(gref);
    return notify;
  }

  /** Whether a page is mapped through its reference. */
  isMapped(gref: number): boolean {
    return this.#words[gref << BITS | MAPS] !== 0;
  }

  /** Counts a mapping of some pages: of those from some place on and before some other. */
  map(grefs: readonly number[], from: number, to: number): void {
    const words = this.#words;
    for (let index = from; index < to; index++) {
      if (words[grefs[index]! << BITS | MAPS]!++ === 0) this.#mapped++;
    }
  }

  /**
   * Counts the end of a mapping of some pages, up to the first whose owner has let go of it, so that with this, its last mapping,
   * access ends. Gives its place, behind which to go on, or `to`.
   */
  unmap(grefs: readonly number[], from: number, to: number): number {
    for (let index = from; index < to; index++) {
      // Whoever is told may make the table grow.
      const words = this.#words;
      const at = grefs[index]! << BITS;
      if (--words[at | MAPS]! > 0) continue;
      this.#mapped--;
      if ((words[at | SAYS]! & DEFERRED) !== 0) return index;
      if (this.#waiting.size > 0) this.tell(grefs[index]!);
    }
    return to;
  }

  /** The owner of a page waits until it is not mapped any more. */
  wait(gref: number, letGo: () => void): void {
    this.#waiting.set(gref, letGo);
  }

  /** Tells the owner of a page, if it waits, that access may end now. */
  tell(gref: number): void {
    const letGo = this.#waiting.get(gref);
    this.#waiting.delete(gref);
    letGo?.();
  }

  /** Lets access to a mapped page end with its last mapping. */
  defer(gref: number): void {
    this.#words[gref << BITS | SAYS]! |= DEFERRED;
  }

  /** Whether its owner has let go of a mapped page. */
  isDeferred(gref: number): boolean {
    return (this.#words[gref << BITS | SAYS]! & DEFERRED) !== 0;
  }

  /** Ends a grant that is not mapped. */
  remove(gref: number): void {
    this.#words[gref << BITS | SAYS] = 0;
    this.#free.push(gref);
    this.#used--;
  }

  /**
   * Ends the grants, from some place on and before some other, of pages that are neighbours in one memory, as far as nobody has mapped
   * them and nothing happens when access ends. Gives the place where it stopped.
   */
  removeRun(grefs: Uint32Array, from: number, to: number): number {
    const notifies = this.#notifies;
    const words = this.#words;
    const free = this.#free;
    const first = grefs[from]! << BITS;
    const memory = words[first | MEMORY];
    const page = words[first | PAGE]! - from;
    let index = from;
    for (; index < to; index++) {
      const gref = grefs[index]!;
      const at = gref << BITS;
      // The same one twice in a row of references is not granted any more the second time.
      if (words[at | SAYS] === 0 || words[at | MAPS] !== 0) break;
      if (words[at | PAGE] !== page + index || words[at | MEMORY] !== memory) break;
      if (notifies.size > 0 && notifies.has(gref)) break;
      words[at | SAYS] = 0;
      free.push(gref);
    }
    this.#used -= index - from;
    return index;
  }

  /** The reference of every grant. */
  *grefs(): Generator<number> {
    for (let gref = FIRST_GREF; gref < this.#fresh; gref++) {
      if (this.#words[gref << BITS | SAYS] !== 0) yield gref;
    }
  }
}
