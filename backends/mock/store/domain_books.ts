import type { Permission, Permissions } from "./permissions.ts";

/** What the daemon in C notes of a domain. */
export interface DomainEntry {
  /** The generation of the newest change when the daemon first heard of the domain. */
  readonly generation: number;
  /** How many nodes it owns. */
  nodes: number;
}

/** The domains that the daemon in C has heard of. */
export class DomainBooks {
  readonly #exists: (domid: number) => boolean;
  readonly #entries = new Map<number, DomainEntry>();

  constructor(exists: (domid: number) => boolean) {
    this.#exists = exists;
  }

  find(domid: number): DomainEntry | undefined {
    return this.#entries.get(domid);
  }

  /** The entry of a domain, made if there is such a domain on the machine. */
  findOrAdd(domid: number, generation: number): DomainEntry | undefined {
    let entry = this.#entries.get(domid);
    if (entry === undefined && this.#exists(domid)) {
      entry = { generation, nodes: 0 };
      this.#entries.set(domid, entry);
    }
    return entry;
  }

  remove(domid: number): void {
    this.#entries.delete(domid);
  }

  /** Whether a domain is there, and as old as a change. */
  isAsOld(domid: number, generation: number): boolean {
    const entry = this.#entries.get(domid);
    return entry !== undefined && entry.generation <= generation;
  }

  /** Permissions that were set at a generation, with those of younger domains ignored: these are other domains. */
  settled(permissions: Permissions, generation: number): Permissions {
    const isOver = ({ domid, ignored }: Permission, index: number) =>
      index > 0 && !ignored && !this.isAsOld(domid, generation);
    if (permissions.length === 1 || !permissions.some(isOver)) return permissions;
    return permissions.map((permission, index) =>
      isOver(permission, index) ? { ...permission, ignored: true } : permission
    ) as [Permission, ...Permission[]];
  }
}
