/** Random calls to the core alone, compared with arrays: its hash table, leaves, sweeps and rewinds. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Core, createCore, type FileAddress, LIMIT_REACHED, NOT_FOUND, OK } from "../../wasm/core.ts";
import { debugCore } from "../support/debug_core.ts";
import { Random } from "../support/random.ts";

interface Page {
  gref: number;
  listed: boolean;
  maps: number;
  pending: boolean;
  /** Whether the backend has said that the peer maps the page, and will report when it unmaps it. */
  held: boolean;
}

interface File {
  address: FileAddress;
  pages: Map<number, Page>;
  next: number;
  mappings: [page: number, count: number][];
  closed: boolean;
}

/** A run of calls on a core, and on arrays. */
class Run {
  readonly #books: Core["books"];
  readonly #random: Random;
  readonly #files: File[] = [];
  #nextGref = 8;
  /** Pages that the peer has unmapped since the last sweep began. */
  #told = 0;

  constructor(readonly core: Core, seed: number) {
    this.#books = core.books;
    this.#random = new Random(seed);
    this.#books.setLimit(3000);
  }

  /** Returns a number of pages: mostly small, sometimes several leaves. */
  #count(): number {
    return this.#random.chance(70) ? this.#random.between(1, 4) : this.#random.between(1, 200);
  }

  #sum(of: (page: Page) => boolean): number {
    let sum = 0;
    for (const file of this.#files) for (const page of file.pages.values()) if (of(page)) sum++;
    return sum;
  }

  step(): void {
    const open = this.#files.filter((file) => !file.closed);
    if (open.length < 2 || this.#random.chance(2)) {
      this.#files.push({ address: this.#books.open(), pages: new Map(), next: 0, mappings: [], closed: false });
      return;
    }
    const file = open[this.#random.below(open.length)]!;
    const actions = [
      () => this.#allocate(file),
      () => this.#allocate(file),
      () => this.#fail(file),
      () => this.#free(file),
      () => this.#free(file),
      () => this.#map(file),
      () => this.#unmap(this.#files[this.#random.below(this.#files.length)]!),
      () => this.#sweep(),
      () => this.#letGo(),
      () => this.#random.chance(20) ? this.#close(file) : undefined,
    ];
    actions[this.#random.below(actions.length)]!();
    this.#check();
  }

  #allocate(file: File): void {
    const count = this.#count();
    const page = this.#books.reserve(file.address, count);
    if (this.#sum(() => true) + count > 3000) return expect(page).toBe(LIMIT_REACHED);
    expect(page).toBe(file.next);
    const staged = this.core.stagingArea();
    for (let offset = 0; offset < count; offset++) {
      const gref = staged[offset] = this.#nextGref++;
      file.pages.set(page + offset, { gref, listed: true, maps: 0, pending: false, held: false });
    }
    if (count === 1 && this.#random.chance(80)) this.#books.listOne(file.address, staged[0]!);
    else this.#books.list(file.address, count);
    file.next += count;
  }

  /** Makes an allocation fail after some pages, and access to some of these cannot be ended. */
  #fail(file: File): void {
    const count = this.#count();
    if (this.#sum(() => true) + count > 3000) return;
    const page = this.#books.reserve(file.address, count);
    const granted = this.#random.below(count + 1);
    const staged = this.core.stagingArea();
    for (let offset = 0; offset < granted; offset++) {
      const gref = staged[offset] = this.#nextGref++;
      file.pages.set(page + offset, { gref, listed: false, maps: 0, pending: true, held: false });
    }
    if (granted > 0) this.#books.adoptAsPending(file.address, granted);
    this.#books.abandon(file.address);
    this.#sweep();
    this.#books.rewind(file.address, page);
    file.next = page + granted;
    while (file.next > page && !file.pages.has(file.next - 1)) file.next--;
  }

  /** Returns a run of pages, most of which are listed. */
  #range(file: File): [page: number, count: number] {
    return [Math.max(0, file.next - 1 - this.#random.below(Math.min(file.next, 400) + 2)), this.#count()];
  }

  #listed(file: File, page: number, count: number): Page[] {
    const found: Page[] = [];
    for (let index = page; index < page + count; index++) {
      const one = file.pages.get(index);
      if (!one?.listed) return [];
      found.push(one);
    }
    return found;
  }

  #free(file: File): void {
    const [page, count] = this.#range(file);
    const pages = this.#listed(file, page, count);
    const before = this.#sum((one) => one.pending && !one.held);
    const run = this.#books.free(file.address, page, count);
    for (const one of pages) {
      one.listed = false;
      one.pending = one.maps === 0;
    }
    if (pages.length === 0) return expect(run).toBe(NOT_FOUND);
    const alone = before === 0 && pages.every((one) => one.pending);
    expect(run).toBe(alone ? count : 0);
    // Either go through the sweep that has begun, or let another one begin later.
    if (run > 0 && this.#random.chance(70)) this.#goThrough(run);
  }

  #map(file: File): void {
    const [page, count] = this.#range(file);
    const pages = this.#listed(file, page, count);
    expect(this.#books.map(file.address, page, count)).toBe(pages.length > 0 ? OK : NOT_FOUND);
    if (pages.length === 0) return;
    for (const one of pages) one.maps++;
    file.mappings.push([page, count]);
  }

  #unmap(file: File): void {
    const mapping = file.mappings.splice(this.#random.below(file.mappings.length), 1)[0];
    if (!mapping) return;
    const [page, count] = mapping;
    this.#books.unmap(file.address, page, count);
    for (let index = page; index < page + count; index++) {
      const one = file.pages.get(index)!;
      one.maps--;
      one.pending = one.maps === 0 && !one.listed;
    }
    if (file.closed && file.mappings.length === 0) this.#letAllGo(file);
  }

  #close(file: File): void {
    this.#books.close(file.address);
    file.closed = true;
    if (file.mappings.length === 0) this.#letAllGo(file);
  }

  #letAllGo(file: File): void {
    for (const page of file.pages.values()) {
      if (page.listed) page.pending = true;
      page.listed = false;
    }
  }

  #sweep(): void {
    this.#goThrough(this.#books.sweep());
    for (let number = this.#files.length - 1; number >= 0; number--) {
      const file = this.#files[number]!;
      if (!file.closed) continue;
      const gone = file.pages.size === 0 && file.mappings.length === 0;
      expect(this.#books.forget(file.address) !== 0).toBe(gone);
      if (gone) this.#files.splice(number, 1);
    }
  }

  /** Goes through a sweep. `run` is the number of pages in its first run. */
  #goThrough(run: number): void {
    const all = this.#random.chance(30);
    const expected = this.#sum((page) => page.pending && !page.held);
    const seen = new Set<number>();
    this.#told = 0;
    for (let count = run; count > 0;) {
      const file = this.#files.find(({ address }) => address === this.#books.runFile())!;
      const first = this.#books.runPage();
      const grefs = [...this.core.stagingArea().subarray(0, count)];
      const tells = this.#random.chance(60);
      const left: Page[] = [];
      for (const [offset, gref] of grefs.entries()) {
        const page = file.pages.get(first + offset)!;
        expect([page.pending, page.held, page.gref, seen.has(gref)]).toEqual([true, false, gref, false]);
        seen.add(gref);
        if (!all && this.#random.chance(40)) {
          left.push(page);
          continue;
        }
        if (!all) this.#books.ended(offset, 1);
        file.pages.delete(first + offset);
      }
      if (all) {
        count = this.#books.endedAll();
        continue;
      }
      // The peer may unmap other pages even in the middle of a run.
      if (this.#random.chance(20)) this.#letGo();
      count = this.#books.nextRun(tells);
      for (const page of left) page.held = tells;
    }
    if (this.#told === 0) expect(seen.size).toBe(expected);
  }

  /** Unmaps a page of the peer: mostly one that it maps. */
  #letGo(): void {
    const file = this.#files[this.#random.below(this.#files.length)]!;
    const held = [...file.pages].filter(([, page]) => page.held);
    const [index, page] = held[this.#random.below(held.length)] ?? [this.#random.below(file.next + 100), undefined];
    const other = file.pages.get(index);
    expect(this.#books.released(file.address, index) !== 0).toBe(page !== undefined || other?.held === true);
    if (other) other.held = false;
    if (page) this.#told++;
  }

  #check(): void {
    const books = this.#books;
    books.verify?.();
    expect([books.live(), books.listed(), books.mapped(), books.pending()]).toEqual([
      this.#sum(() => true),
      this.#sum((page) => page.listed),
      this.#sum((page) => page.maps > 0),
      this.#sum((page) => page.pending),
    ]);
    for (const file of this.#files) {
      expect([books.fileNext(file.address), books.fileLive(file.address)]).toEqual([file.next, file.pages.size]);
      const [index, page] = [...file.pages][this.#random.below(file.pages.size)] ?? [];
      if (page) expect(books.gref(file.address, index!)).toBe(page.gref);
    }
  }
}

for (const [build, module] of Object.entries({ release: undefined, debug: debugCore })) {
  test(`the ${build} core keeps the same books as arrays do`, { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const run = new Run(createCore(module), seed);
        for (let step = 0; step < 150; step++) run.step();
      }),
      { numRuns: 100 },
    );
  });
}
