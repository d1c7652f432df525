import { GrantError, type GrantOperation } from "../../src/errors.ts";
import { checkLimit } from "../../src/checks.ts";
import type { GrantBackend, MapBackend } from "../backend.ts";
import { GrantTable } from "./grant_table.ts";
import { MockGrantFile } from "./grant_file.ts";
import type { Memory } from "./memory.ts";
import { MockMapFile, type PeerMapping } from "./map_file.ts";
import { MappingList } from "./mapping_list.ts";
import type { MockXen } from "../mock.ts";

/**
 * A domain of a simulated machine, with its grant table and the devices its programs open. Its `limit`, which can be read and
 * set, is that of the driver.
 */
export class MockDomain {
  /** The number by which other domains name it. */
  readonly domid: number;
  /** The machine that it runs on. */
  readonly xen: MockXen;
  /** @internal Its grants. */
  readonly table: GrantTable;
  /** @internal What it has mapped of other domains' pages, and of its own through their references. */
  readonly mappings: MappingList<PeerMapping> = new MappingList();
  /** @internal Pages that count toward the limit. */
  counted = 0;
  #limit: number;
  #destroyed = false;
  #buried = false;

  /** @internal Made by {@linkcode MockXen.domain}. */
  constructor(xen: MockXen, domid: number, tableFrames: number, limit: number) {
    this.xen = xen;
    this.domid = domid;
    this.table = new GrantTable(tableFrames);
    this.#limit = limit;
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

  /** What a program in this domain allocates shared pages with. */
  grantBackend(): GrantBackend {
    return {
      name: "mock",
      limitName: `\`limit\` of MockXen's domain ${this.domid}`,
      limit: () => this.#limit,
      open: () => {
        this.checkAlive("open");
        return new MockGrantFile(this);
      },
    };
  }

  /** What a program in this domain maps the pages of others with. */
  mapBackend(): MapBackend {
    return {
      name: "mock",
      open: () => {
        this.checkAlive("open");
        return new MockMapFile(this);
      },
    };
  }

  /**
   * Destroys the domain, as `xl destroy` does: its mappings end, and its devices refuse everything. While other domains
   * map any of its pages it goes on dying: these stay theirs, and, as on Xen, its other grants may still be mapped. With the
   * last such mapping it is gone, and its number is free for a new domain.
   */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    for (const mapping of this.mappings) mapping.end();
    // Nothing of a dead domain waits for its peers.
    for (const gref of this.table.grefs()) this.table.tell(gref);
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

  /** @internal Throws if the domain was destroyed. */
  checkAlive(operation: GrantOperation): void {
    if (!this.#destroyed) return;
    throw new GrantError(
      `Cannot ${operation} as domain ${this.domid} was destroyed: make devices and mappers in a new one`,
      { code: "closed", operation },
    );
  }
}
