import { GrantError, type GrantOperation } from "../../src/contract/errors.ts";
import type { EventBackend, GrantBackend, MapBackend, XenDomain } from "../../src/contract/backend.ts";
import type { MockDomain } from "./domain.ts";
import { MockEventFile } from "./event_file.ts";
import { MockGrantFile } from "./grant_file.ts";
import { MockMapFile } from "./map_file.ts";

/** An open file, which ends with its process. */
export interface ProcessFile {
  readonly process: MockProcess;
  /** Closes it in the place of its program. */
  die(): void;
}

/** A program that runs in a simulated domain: it has the backends that it was started with, until it is killed. */
export class MockProcess implements XenDomain {
  /** The domain that it runs in. */
  readonly domain: MockDomain;
  /** Shares pages of its domain. */
  readonly grants: GrantBackend;
  /** Maps and copies pages of other domains. */
  readonly maps: MapBackend;
  /** Binds event channels. */
  readonly events: EventBackend;
  #killed = false;

  /** @internal Made by {@linkcode MockDomain.process}. */
  constructor(domain: MockDomain) {
    this.domain = domain;
    this.grants = {
      name: "mock",
      limitName: `\`limit\` of MockXen's domain ${domain.domid}`,
      limit: () => domain.limit,
      open: () => {
        this.checkAlive("open");
        return new MockGrantFile(this);
      },
    };
    this.maps = {
      name: "mock",
      open: () => {
        this.checkAlive("open");
        return new MockMapFile(this);
      },
    };
    this.events = {
      name: "mock",
      open: () => {
        this.checkAlive("open");
        return new MockEventFile(this);
      },
    };
  }

  /** Whether it was killed. */
  get killed(): boolean {
    return this.#killed;
  }

  /** @internal Whether it runs. */
  get alive(): boolean {
    return !this.#killed && !this.domain.destroyed;
  }

  /**
   * Kills it, as `kill -9` does: none of its code runs, but the kernel ends its mappings and closes its files. Unmap notifies
   * fire, access to its pages ends as far as peers let it, and its ports are unbound. Afterwards its devices refuse everything
   * with `closed`.
   */
  kill(): void {
    if (!this.alive) return;
    this.#killed = true;
    const { mappings, files } = this.domain;
    for (const mapping of mappings) if (mapping.process === this) mapping.end();
    for (const file of files) if (file.process === this) file.die();
  }

  /** @internal Throws unless it runs. */
  checkAlive(operation: GrantOperation): void {
    if (this.alive) return;
    const { destroyed, domid } = this.domain;
    throw new GrantError(
      destroyed
        ? `Cannot ${operation} as domain ${domid} was destroyed: make devices and mappers in a new one`
        : `Cannot ${operation} as this process of domain ${domid} was killed: make devices and mappers in another one`,
      { code: "closed", operation },
    );
  }
}
