/**
 * A model of a domain with the driver, as simple as possible: every page that was ever granted is an entry of one
 * array. It is written from the description, and shares no code with the library.
 */

import type { Answer } from "../support/model.ts";

/**
 * A step of a run. Numbers name things, counted from 0 in the order in which they were made. In a trace they count from
 * the newest backwards, and wrap around; there, `page` is any page that was ever granted, in any file.
 */
export type Step =
  | { do: "open" }
  | { do: "close"; file: number }
  | { do: "allocate"; file: number; pages: number; domid: number; writable: boolean }
  | { do: "free"; file?: number; page: number; count: number }
  | { do: "map"; file?: number; page: number; count: number }
  | { do: "unmap"; mapping: number }
  | { do: "write"; mapping: number; byte: number; value: number }
  | { do: "notify"; file?: number; page: number; clearByte: number | null }
  | { do: "limit"; pages: number }
  | { do: "peerMap"; page: number; count: number; writable: boolean }
  | { do: "peerUnmap"; mapping: number }
  | { do: "peerWrite"; mapping: number; byte: number; value: number }
  /** Makes the next grant fail after some pages, or the next map, unmap or notify. */
  | { do: "fail"; call: "grant" | "map" | "unmap" | "notify"; pages: number }
  /** From now on, ending access fails, or works again. */
  | { do: "stick"; stuck: boolean };

interface Page {
  file: number;
  index: number;
  gref: number;
  domid: number;
  writable: boolean;
  /** Whether it can be found: it is not freed. */
  listed: boolean;
  /** The number of mappings by the granter. */
  maps: number;
  /** The number of mappings by the peer. */
  peers: number;
  /** Whether it is in the grant table. */
  granted: boolean;
  /** Whether it counts toward the limit. */
  counted: boolean;
  /** Whether it is neither listed nor mapped by the granter, and access has not ended. */
  pending: boolean;
  /** The bytes that were written. */
  bytes: Map<number, number>;
  clearByte: number | null;
}

interface File {
  closed: boolean;
  next: number;
  mappings: number;
}

interface Mapping {
  file: number;
  pages: Page[];
  writable: boolean;
  ended: boolean;
}

export class Model {
  readonly pages: Page[] = [];
  readonly files: File[] = [];
  readonly mappings: Mapping[] = [];
  readonly peerMappings: Mapping[] = [];
  limit: number;
  readonly #heldPagesCount: boolean;
  readonly #tableSize: number;
  /** How often a notify has changed a byte that a peer maps. */
  notified = 0;
  #stuck = false;
  #fail: Partial<Record<string, number>> = {};

  constructor(profile: "linux-5.16" | "linux-6.1", limit: number, tableSize: number) {
    this.#heldPagesCount = profile === "linux-5.16";
    this.limit = limit;
    this.#tableSize = tableSize;
  }

  count(what: "listed" | "granted" | "counted" | "pending" | "maps" | "peers", file?: number): number {
    return this.pages.filter((page) => page[what] && (file === undefined || page.file === file)).length;
  }

  /**
   * Does a step, and returns the answer that it must have. `grefs` are the references that the library gave for an
   * allocation.
   */
  apply(step: Step, grefs: readonly number[]): Answer {
    switch (step.do) {
      case "open":
        this.files.push({ closed: false, next: 0, mappings: 0 });
        return 0;
      case "close":
        return this.#close(step.file);
      case "allocate":
        return this.#allocate(step.file, step.pages, step.domid, step.writable, grefs);
      case "free":
        return this.#free(step.file!, step.page, step.count);
      case "map":
        return this.#map(step.file!, step.page, step.count);
      case "unmap":
        return this.#unmap(this.mappings[step.mapping]!);
      case "write":
        return write(this.mappings[step.mapping]!, step.byte, step.value);
      case "notify":
        return this.#notify(step.file!, step.page, step.clearByte);
      case "limit":
        this.limit = step.pages;
        return 0;
      case "peerMap":
        return this.#peerMap(step.page, step.count, step.writable);
      case "peerUnmap":
        return this.#peerUnmap(this.peerMappings[step.mapping]!);
      case "peerWrite":
        return write(this.peerMappings[step.mapping]!, step.byte, step.value);
      case "fail":
        this.#fail[step.call] = step.pages;
        return 0;
      case "stick":
        this.#stuck = step.stuck;
        return 0;
    }
  }

  /** Takes a planned failure of a call. Returns after how many pages it fails, or `undefined` if there is none. */
  #failure(call: string): number | undefined {
    const pages = this.#fail[call];
    delete this.#fail[call];
    return pages;
  }

  #allocate(file: number, count: number, domid: number, writable: boolean, grefs: readonly number[]): Answer {
    const of = this.files[file]!;
    if (of.closed) return "closed";
    this.#retry();
    if (this.count("counted") + count > this.limit) return "limit-reached";
    const failsAfter = this.#failure("grant");
    const fits = this.#tableSize - this.count("granted");
    const attempted = Math.min(count, failsAfter ?? count);
    const granted = Math.min(attempted, fits);
    if (granted < attempted || failsAfter !== undefined) {
      // Pages that were granted are taken back if possible. If not, their indices are not reused.
      if (this.#stuck && granted > 0) {
        this.#add(file, granted, domid, writable, grefs);
        for (const page of this.pages.slice(-granted)) {
          page.listed = false;
          page.pending = true;
        }
      }
      return granted < attempted ? "table-full" : "backend-failed";
    }
    const first = of.next;
    this.#add(file, count, domid, writable, grefs);
    return first;
  }

  #add(file: number, count: number, domid: number, writable: boolean, grefs: readonly number[]): void {
    const of = this.files[file]!;
    for (let index = 0; index < count; index++) {
      const gref = grefs[index]!;
      if (this.pages.some((page) => page.granted && page.gref === gref)) {
        throw new Error(`gref ${gref} was granted twice`);
      }
      this.pages.push({
        ...{ file, index: of.next + index, gref, domid, writable },
        ...{ listed: true, maps: 0, peers: 0, granted: true, counted: true, pending: false },
        ...{ bytes: new Map(), clearByte: null },
      });
    }
    of.next += count;
  }

  /** Returns the pages of a run, or none if one of them is not listed. */
  #find(file: number, page: number, count: number): Page[] {
    const found: Page[] = [];
    for (let index = page; index < page + count; index++) {
      const one = this.pages.find((page) => page.file === file && page.index === index && page.listed);
      if (!one) return [];
      found.push(one);
    }
    return found;
  }

  #free(file: number, page: number, count: number): Answer {
    if (this.files[file]!.closed) return "closed";
    const pages = this.#find(file, page, count);
    if (pages.length === 0) return "not-found";
    for (const page of pages) {
      page.listed = false;
      this.#releaseUnused(page);
    }
    return this.#afterwards(file);
  }

  #map(file: number, page: number, count: number): Answer {
    if (this.files[file]!.closed) return "closed";
    const pages = this.#find(file, page, count);
    if (pages.length === 0) return "not-found";
    if (this.#failure("map") !== undefined) return "backend-failed";
    for (const page of pages) page.maps++;
    this.files[file]!.mappings++;
    return this.mappings.push({ file, pages, writable: true, ended: false }) - 1;
  }

  #unmap(mapping: Mapping): Answer {
    if (mapping.ended) return 0;
    mapping.ended = true;
    const file = this.files[mapping.file]!;
    file.mappings--;
    for (const page of mapping.pages) {
      page.maps--;
      this.#releaseUnused(page);
    }
    if (file.closed && file.mappings === 0) this.#letGo(mapping.file);
    const failed = this.#failure("unmap") !== undefined;
    const answer = this.#afterwards(mapping.file);
    return failed ? "backend-failed" : answer;
  }

  #close(number: number): Answer {
    const file = this.files[number]!;
    if (file.closed) return 0;
    file.closed = true;
    if (file.mappings === 0) this.#letGo(number);
    return this.#afterwards(number);
  }

  #letGo(file: number): void {
    for (const page of this.pages) {
      if (page.file !== file || !page.listed) continue;
      page.listed = false;
      this.#releaseUnused(page);
    }
  }

  #notify(file: number, index: number, clearByte: number | null): Answer {
    if (this.files[file]!.closed) return "closed";
    const [page] = this.#find(file, index, 1);
    if (!page) return "not-found";
    if (this.#failure("notify") !== undefined) return "backend-failed";
    page.clearByte = clearByte;
    return 0;
  }

  #releaseUnused(page: Page): void {
    if (!page.listed && page.maps === 0) page.pending = true;
  }

  /** Ends access to pending pages, as far as possible. */
  #retry(): void {
    if (this.#stuck) return;
    for (const page of this.pages) {
      if (!page.pending) continue;
      if (page.clearByte !== null) {
        if (page.peers > 0 && (page.bytes.get(page.clearByte) ?? 0) !== 0) this.notified++;
        page.bytes.set(page.clearByte, 0);
      }
      page.clearByte = null;
      if (page.peers > 0 && this.#heldPagesCount) continue;
      page.pending = false;
      page.counted = false;
      if (page.peers === 0) page.granted = false;
    }
  }

  /** Ends an operation on a file. Returns an error if access to its pages should have ended, and could not. */
  #afterwards(file: number): Answer {
    this.#retry();
    return this.#stuck && this.count("pending", file) > 0 ? "backend-failed" : 0;
  }

  /** Maps, as the peer, the pages that the references of `count` pages name now, from the given page on. */
  #peerMap(first: number, count: number, writable: boolean): Answer {
    const grefs = this.pages.slice(first, first + count).map((page) => page.gref);
    const pages = grefs.map((gref) => this.pages.find((page) => page.granted && page.gref === gref));
    for (const page of pages) {
      if (!page || page.domid !== 0 || (writable && !page.writable)) return "map-refused";
    }
    const found = pages as Page[];
    for (const page of found) page.peers++;
    return this.peerMappings.push({ file: -1, pages: found, writable, ended: false }) - 1;
  }

  #peerUnmap(mapping: Mapping): Answer {
    if (mapping.ended) return 0;
    mapping.ended = true;
    for (const page of mapping.pages) {
      page.peers--;
      // Nobody waits for it any more.
      if (page.peers === 0 && !page.counted) page.granted = false;
    }
    return 0;
  }
}

function write(mapping: Mapping, byte: number, value: number): Answer {
  if (mapping.ended || !mapping.writable) return "dead";
  mapping.pages[Math.floor(byte / 4096)]!.bytes.set(byte % 4096, value);
  return 0;
}
