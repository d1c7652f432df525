import { checkInteger, checkLimit } from "../../src/contract/checks.ts";
import type { EventBackend, GrantBackend, MapBackend, XenDomain } from "../../src/contract/backend.ts";
import { EventChannels } from "./port_table.ts";
import { GrantTable } from "./grant_table.ts";
import { MappingList } from "./mapping_list.ts";
import type { Memory } from "./memory.ts";
import type { MockPeerMapping } from "./peer_mapping.ts";
import { MockProcess, type ProcessFile } from "./process.ts";
import type { MockXen } from "../mock.ts";

/**
 * A domain of a simulated machine, with its grant table and the devices its programs open. Its `limit`, which can be read and
 * set, is that of the driver.
 */
export class MockDomain implements XenDomain {
  /** The number by which other domains name it. */
  readonly domid: number;
  /** The machine that it runs on. */
  readonly xen: MockXen;
  /** Shares pages of this domain. */
  readonly grants: GrantBackend;
  /** Maps and copies pages of other domains. */
  readonly maps: MapBackend;
  /** Binds event channels. */
  readonly events: EventBackend;
  /** @internal Its grants. */
  readonly table: GrantTable;
  /** @internal What it has mapped of other domains' pages, and of its own through their references. */
  readonly mappings: MappingList<MockPeerMapping> = new MappingList();
  /** @internal Its event channels. */
  readonly eventChannels: EventChannels;
  /** @internal What its processes have open, but for mappers. */
  readonly files: Set<ProcessFile> = new Set();
  /** @internal How many files through which pages are granted there have been: each has a number. */
  grantFiles = 0;
  /** @internal References of pages that killed processes have left to peers, where they count until these let go. */
  readonly left: Set<number> = new Set();
  /** @internal Pages that count toward the limit. */
  counted = 0;
  readonly #main: MockProcess;
  #limit: number;
  #destroyed = false;
  #buried = false;

  /** @internal Made by {@linkcode MockXen.domain}. */
  constructor(xen: MockXen, domid: number, { tableFrames, limit, eventChannels }: MockDomainSizes) {
    this.xen = xen;
    this.domid = domid;
    this.table = new GrantTable(tableFrames);
    this.eventChannels = new EventChannels(this, eventChannels);
    this.#limit = limit;
    this.#main = new MockProcess(this);
    this.grants = this.#main.grants;
    this.maps = this.#main.maps;
    this.events = this.#main.events;
  }

  /** The number of pages that all its programs may allocate together, or `Infinity`: the driver's limit. */
  get limit(): number {
    return this.#limit;
  }

  /** Pages beyond a lowered limit stay, and count. */
  set limit(pages: number) {
    checkLimit("set the limit", "`limit`", pages);
    this.#limit = pages;
  }

  /** Whether it was destroyed. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  /**
   * Starts another program in this domain, which can be killed: what it has open is its own.
   *
   * @throws {GrantError} `closed` if the domain was destroyed.
   *
   * @example A program that dies, and what the other side sees of it
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const program = xen.domain(1).process();
   * const pages = new GrantDevice(program).open().allocate(0, { writable: true });
   * using mapper = new GrantMapper(xen.domain(0));
   * using theirs = mapper.map(1, pages.grefs, { writable: true });
   * theirs.bytes[0] = 1;
   * pages.setUnmapNotify({ clearByte: 0 });
   *
   * program.kill();
   * assert.equal(theirs.bytes[0], 0);
   * ```
   */
  process(): MockProcess {
    this.#main.checkAlive("open");
    return new MockProcess(this);
  }

  /**
   * Sends one of Xen's own events, to the channel that is bound to it, if there is one.
   *
   * @param virq Its number, 0 to 23: that of a `VIRQ_*` in Xen's public headers.
   * @throws {RangeError} if the number is out of its bounds.
   */
  raiseVirq(virq: number): void {
    checkInteger("raise a VIRQ", "`virq`", virq, 0, 23);
    this.eventChannels.raise(virq);
  }

  /**
   * Destroys the domain, as `xl destroy` does: its mappings and event channels end, and its devices refuse everything. Its kernel
   * runs no more, so no unmap notify of its programs fires; nobody is told, but on a real machine by XenStore.
   *
   * While other domains map any of its pages it goes on dying: these stay theirs, and, as on Xen, its other grants may still be
   * mapped. With the last such mapping it is gone, and its number is free for a new domain.
   */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.eventChannels.closeAll();
    for (const mapping of this.mappings) mapping.end();
    for (const file of this.files) file.die();
    this.bury();
  }

  /** @internal Takes the domain off the machine, and gives back its pages, if it was destroyed and nobody maps them. */
  bury(): void {
    if (!this.#destroyed || this.#buried || this.table.mapped > 0) return;
    this.#buried = true;
    for (const gref of this.table.grefs()) this.memory(gref).give(this.table.page(gref), 1);
    this.xen.forget(this);
  }

  /** @internal The memory that a granted page is in. */
  memory(gref: number): Memory {
    return this.xen.memory.at(this.table.memory(gref));
  }

  /** @internal Gives back what killed processes have left to peers that have let go of it since. */
  reap(): void {
    for (const gref of this.left) {
      if (this.table.isMapped(gref)) continue;
      this.left.delete(gref);
      this.memory(gref).give(this.table.page(gref), 1);
      this.table.remove(gref);
      this.counted--;
    }
  }
}

/** The sizes of a domain: see {@linkcode MockXenOptions}. */
export interface MockDomainSizes {
  /** The frames of its grant table. */
  readonly tableFrames: number;
  /** The driver's limit, in pages. */
  readonly limit: number;
  /** How many event channels it may have. */
  readonly eventChannels: number;
}
