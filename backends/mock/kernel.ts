/**
 * The state of a simulated Xen: what Xen and the kernels of the domains know. The public classes and the open files
 * use it; it knows neither.
 *
 * @module
 */
import { GrantError, type GrantOperation } from "../../src/contract/errors.ts";
import { GrantTable } from "./grant_table.ts";
import { type Listed, MappingList } from "./mapping_list.ts";
import type { MachineMemory, Memory } from "./memory.ts";
import type { MockGuestType, MockProfile } from "./options.ts";
import { type Port, PortTable } from "./port_table.ts";
import type { StoreSettings } from "./store/options.ts";

/** Mappings in a frame of Xen's maptrack table: 4096 bytes, 16 for each. */
const MAPPINGS_PER_FRAME = 256;

/** The settings that all domains of a machine share. */
interface MachineSettings {
  /** Which version of Linux's driver the domains run. */
  readonly profile: MockProfile;
  /** How Xen runs the domains. */
  readonly guestType: MockGuestType;
  /** Frames of a domain's grant table. */
  readonly tableFrames: number;
  /** The driver's limit at first, in pages. */
  readonly limit: number;
  /** Frames of a domain's maptrack table. */
  readonly maptrackFrames: number;
  /** How many event channels a domain other than domain 0 can have. */
  readonly eventChannels: number;
  /** How many event channels domain 0 can have. */
  readonly dom0EventChannels: number;
  /** The daemon of XenStore, and its quotas. */
  readonly store: StoreSettings;
}

/** XenStore, which learns which domains come and go. */
interface MachineStore {
  /** Called when a domain was created. */
  introduce(domid: number): void;
  /** Called when a domain was destroyed. */
  release(domid: number): void;
  /** Called when a domain was saved under one number, and restored under another one. */
  restore(from: number, to: number): void;
}

/** What a connection to XenStore holds. */
export interface OpenStore {
  readonly kind: "device" | "socket";
  /** How many watches it has. */
  readonly watches: number;
  /** How many transactions it has open. */
  readonly transactions: number;
}

/** An open file of a process, which the kernel closes when the process or its domain ends. */
export interface KernelFile {
  readonly process: ProcessState;
  /** The number of a grant file in its domain. */
  readonly number?: number;
  /** What a connection to XenStore holds. */
  readonly store?: OpenStore;
  /** The ports of an event file that are void, because the domain was restored since they were bound. */
  readonly voidPorts?: readonly Port[];
  /** Closes the file in place of its program. */
  closeByKernel(): void;
}

/** A mapping of granted pages, which the kernel ends when the process or its domain ends. */
export interface KernelMapping extends Listed<KernelMapping> {
  readonly process: ProcessState;
  readonly writable: boolean;
  /** The references of its pages. */
  readonly grefs: readonly number[];
  /** The domain that granted a page of it. */
  granter(index: number): DomainState;
  /** Ends the mapping. */
  end(): void;
  /** Ends the mapping without its unmap notify, because the domain is restored without it. */
  lose(): void;
  /** Puts another domain in place of one that granted pages of it. */
  replaceGranter(granter: DomainState, other: DomainState): void;
}

/** A machine: its memory and its domains. */
export class MachineState {
  readonly settings: MachineSettings;
  /** Where the pages of all domains are. */
  readonly memory: MachineMemory;
  /** XenStore, from its first use on. */
  store: MachineStore | undefined;
  readonly #domains = new Map<number, DomainState>();

  constructor(settings: MachineSettings, memory: MachineMemory) {
    this.settings = settings;
    this.memory = memory;
  }

  /** The domain with a number, created if there is none. */
  domain(domid: number): DomainState {
    let domain = this.#domains.get(domid);
    if (!domain) {
      domain = new DomainState(this, domid);
      this.add(domain);
      this.store?.introduce(domid);
    }
    return domain;
  }

  /** The domain with a number, if there is one. */
  find(domid: number): DomainState | undefined {
    return this.#domains.get(domid);
  }

  /** All domains. */
  domains(): Iterable<DomainState> {
    return this.#domains.values();
  }

  /** Removes a domain. */
  remove(domain: DomainState): void {
    this.#domains.delete(domain.domid);
  }

  /** Puts a domain in the place of its number, which must be free. */
  add(domain: DomainState): void {
    this.#domains.set(domain.domid, domain);
  }
}

/** A domain: its tables, and what its kernel counts. */
export class DomainState {
  readonly machine: MachineState;
  /** Its number, which changes when it is saved and restored. */
  domid: number;
  /** The pages that it grants. */
  readonly table: GrantTable;
  /** The ports of its event channels. */
  ports: PortTable;
  /** Its mappings of granted pages: of other domains' and, by their references, of its own. */
  readonly mappings: MappingList<KernelMapping> = new MappingList();
  /** How many pages they map. */
  mappedPages = 0;
  /** How many pages they can map. */
  readonly maxMappedPages: number;
  /** Its processes that were not killed. */
  readonly processes: Set<ProcessState> = new Set();
  /** How many processes it has had. */
  started = 0;
  /** The files that its processes have open, except those of mappers. */
  readonly files: Set<KernelFile> = new Set();
  /** How many grant files were opened so far: each has a number. */
  grantFiles = 0;
  /** References of pages that killed processes left to their peers. Such a page counts until the peer unmaps it. */
  readonly orphans: Set<number> = new Set();
  /** Pages that count toward the limit. */
  counted = 0;
  /** The driver's limit, in pages. */
  limit: number;
  destroyed = false;
  #removed = false;
  /** Whether its memory moved to the domain that was restored from it, whose programs free the pages. */
  readonly #moved: boolean;

  /** @param left The grant table that a saved domain leaves behind; none for a new domain. */
  constructor(machine: MachineState, domid: number, left?: GrantTable) {
    const { tableFrames, limit, maptrackFrames } = machine.settings;
    this.machine = machine;
    this.domid = domid;
    this.table = left ?? new GrantTable(tableFrames);
    this.#moved = left !== undefined;
    this.ports = this.newPorts(domid);
    this.maxMappedPages = maptrackFrames * MAPPINGS_PER_FRAME;
    this.limit = limit;
  }

  /** The ports of a domain that has bound none. */
  newPorts(domid: number): PortTable {
    const { eventChannels, dom0EventChannels } = this.machine.settings;
    return new PortTable(domid, domid === 0 ? dom0EventChannels : eventChannels);
  }

  /** The memory that a granted page is in. */
  memory(gref: number): Memory {
    return this.machine.memory.at(this.table.memory(gref));
  }

  /** Gives the memory of a granted page back. Mappings keep it until they end. */
  give(gref: number): void {
    if (!this.#moved) this.memory(gref).give(this.table.page(gref), 1);
  }

  /** Ends the grant of a page, and gives its memory back. */
  free(gref: number): void {
    this.give(gref);
    this.table.remove(gref);
  }

  /** Whether a page is mapped although its owner has freed it, or died. */
  isHeld(gref: number): boolean {
    return this.table.isMapped(gref) && (this.table.isFreed(gref) || this.orphans.has(gref));
  }

  /** Frees the orphans that their peers have unmapped. */
  reclaimOrphans(): void {
    for (const gref of this.orphans) {
      if (this.table.isMapped(gref)) continue;
      this.orphans.delete(gref);
      this.free(gref);
      this.counted--;
    }
  }

  /** Ends everything the domain has, except pages that others map. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.ports.closeAll();
    for (const mapping of this.mappings) mapping.end();
    for (const file of this.files) file.closeByKernel();
    this.machine.store?.release(this.domid);
    this.removeIfUnmapped();
  }

  /** Removes the domain from the machine and frees its pages, if it was destroyed and nobody maps them. */
  removeIfUnmapped(): void {
    if (!this.destroyed || this.#removed || this.table.mapped > 0) return;
    this.#removed = true;
    for (const gref of this.table.grefs()) this.give(gref);
    this.machine.remove(this);
  }
}

/** A process: the files and mappings that name it are its own. */
export class ProcessState {
  readonly domain: DomainState;
  /** Its number in the domain. That of the main program is 0. */
  readonly number: number;
  /** How many of the pages that it grants it maps itself, each as often as it is mapped. */
  ownPages = 0;
  killed = false;

  constructor(domain: DomainState) {
    this.domain = domain;
    this.number = domain.started++;
    domain.processes.add(this);
  }

  /** Whether it runs. */
  get alive(): boolean {
    return !this.killed && !this.domain.destroyed;
  }

  /** Ends its mappings and closes its files. */
  kill(): void {
    if (!this.alive) return;
    this.killed = true;
    this.domain.processes.delete(this);
    const { mappings, files } = this.domain;
    for (const mapping of mappings) if (mapping.process === this) mapping.end();
    for (const file of files) if (file.process === this) file.closeByKernel();
  }

  /**
   * Throws unless it runs.
   *
   * @param what What would be done, for the message.
   * @param instead What to do in another domain or process, for the message.
   * @throws {GrantError} `closed` if it was killed, or its domain destroyed.
   */
  checkAlive(
    operation: GrantOperation,
    what: string = operation,
    instead = "Open devices, mappers and event channels",
  ): void {
    if (this.alive) return;
    const { destroyed, domid } = this.domain;
    const reason = destroyed ? `domain ${domid} was destroyed` : `this process of domain ${domid} was killed`;
    throw new GrantError(
      `Cannot ${what}: ${reason}. ${instead} in another ${destroyed ? "domain" : "process"}.`,
      { code: "closed", operation },
    );
  }
}
