import { refuse } from "./daemon.ts";
import type { Peer } from "./peer.ts";
import { ALL, type Permissions, PRIVATE, READ } from "./permissions.ts";

/** Who knows the rights of a domain. */
interface Rights {
  rights(peer: Peer, permissions: Permissions, generation: number): number;
}

/** Who may hear, from the daemon in C, that domains come and go: domain 0, unless it lets others hear it. */
export class DomainEvents {
  readonly #permissions = new Map<string, Permissions>([["@introduceDomain", PRIVATE], ["@releaseDomain", PRIVATE]]);
  readonly #rights: Rights;

  constructor(rights: Rights) {
    this.#rights = rights;
  }

  mayHear(name: string, peer: Peer): boolean {
    return (this.#rights.rights(peer, this.#permissions.get(name)!, Infinity) & READ) !== 0;
  }

  setPermissions(name: string, permissions: Permissions, peer: Peer): void {
    const before = this.#permissions.get(name) ?? refuse("EINVAL");
    if (this.#rights.rights(peer, before, Infinity) !== ALL) refuse("EACCES");
    this.#permissions.set(name, permissions);
  }

  /** Takes the permissions of a dead domain away. */
  forget(domid: number): void {
    for (const [name, [owner, ...others]] of this.#permissions) {
      const heir = owner.domid === domid ? { ...owner, domid: 0 } : owner;
      this.#permissions.set(name, [heir, ...others.filter((other) => other.domid !== domid)]);
    }
  }
}
