import { GrantError } from "../../src/errors.ts";
import type { MapFile, MappedMemory } from "../backend.ts";
import type { MockDomain } from "./domain.ts";
import type { Grant } from "./grant_table.ts";

/** The number of Linux's error for everything that Xen refuses to map. */
const EINVAL = 22;

/** What a domain has mapped by grant references: ended by its program, or with the domain. */
export class PeerMapping implements MappedMemory {
  readonly #domain: MockDomain;
  readonly #granter: MockDomain;
  readonly #grants: readonly (readonly [gref: number, grant: Grant])[];
  readonly #memory: MappedMemory;

  constructor(domain: MockDomain, granter: MockDomain, grants: readonly (readonly [gref: number, grant: Grant])[]) {
    this.#domain = domain;
    this.#granter = granter;
    this.#grants = grants;
    const [, first] = grants[0]!;
    this.#memory = first.memory.map(first.page, grants.length);
    for (const [, grant] of grants) granter.table.map(grant);
    domain.mappings.add(this);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#memory.bytes;
  }

  unmap(): void {
    // A mapping that ended with its domain has nothing left to unmap.
    if (this.#domain.mappings.has(this)) this.end();
  }

  /** Ends it. Pages that their owner let go of, and that nothing else maps, end with it. */
  end(): void {
    this.#domain.mappings.delete(this);
    this.#memory.unmap();
    for (const [gref, grant] of this.#grants) this.#granter.table.unmap(gref, grant);
    this.#granter.bury();
  }
}

/** One open file through which a simulated domain maps the grants of others. */
export class MockMapFile implements MapFile {
  readonly #domain: MockDomain;

  constructor(domain: MockDomain) {
    this.#domain = domain;
  }

  map(domid: number, grefs: readonly number[], writable: boolean): MappedMemory {
    const domain = this.#domain;
    domain.checkAlive("map");
    const granter = domain.xen.find(domid);
    if (!granter) throw refused(`there is no domain ${domid}`);
    const grants = grefs.map((gref) => {
      const grant = granter.table.get(gref);
      if (!grant) throw refused(`domain ${domid} has no grant with reference ${gref}`);
      if (grant.domid !== domain.domid) {
        throw refused(`reference ${gref} is granted to domain ${grant.domid}, and this is domain ${domain.domid}`);
      }
      if (writable && !grant.writable) {
        throw refused(
          `reference ${gref} is granted read-only: map it without \`writable\`, or allocate it with \`writable: true\``,
        );
      }
      return [gref, grant] as const;
    });
    const [, first] = grants[0]!;
    for (const [index, [gref, grant]] of grants.entries()) {
      if (grant.memory === first.memory && grant.page === first.page + index) continue;
      throw new GrantError(
        `Cannot map reference ${gref} behind reference ${
          grefs[0]
        } as they are not neighbouring pages of one allocation, ` +
          `and a simulated machine has no page tables to bring them together: map them one by one`,
        { code: "unsupported", operation: "map" },
      );
    }
    return new PeerMapping(domain, granter, grants);
  }

  close(): void {}
}

function refused(reason: string): GrantError {
  return new GrantError(`Cannot map as ${reason}`, { code: "map-refused", operation: "map", errno: EINVAL });
}
