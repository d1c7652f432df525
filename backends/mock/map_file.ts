import { GrantError } from "../../src/errors.ts";
import type { MapFile, MappedMemory } from "../backend.ts";
import type { MockDomain } from "./domain.ts";
import type { Listed } from "./mapping_list.ts";

/** The number of Linux's error for everything that Xen refuses to map. */
const EINVAL = 22;

/** What a domain has mapped by grant references: ended by its program, or with the domain. */
export class PeerMapping implements MappedMemory, Listed<PeerMapping> {
  readonly bytes: Uint8Array<ArrayBuffer>;
  previous: PeerMapping | undefined = undefined;
  next: PeerMapping | undefined = undefined;
  listed = false;
  readonly #domain: MockDomain;
  readonly #granter: MockDomain;
  readonly #grefs: readonly number[];
  readonly #memory: MappedMemory;

  constructor(domain: MockDomain, granter: MockDomain, grefs: readonly number[]) {
    this.#domain = domain;
    this.#granter = granter;
    this.#grefs = grefs;
    const { table } = granter;
    const first = grefs[0]!;
    this.#memory = granter.memory(first).map(table.page(first), grefs.length);
    this.bytes = this.#memory.bytes;
    for (let index = 0; index < grefs.length; index++) table.map(grefs[index]!);
    domain.mappings.add(this);
  }

  unmap(): void {
    // A mapping that ended with its domain has nothing left to unmap.
    if (this.listed) this.end();
  }

  /** Ends it. Pages that their owner let go of, and that nothing else maps, end with it. */
  end(): void {
    this.#domain.mappings.delete(this);
    this.#memory.unmap();
    const granter = this.#granter;
    const { table } = granter;
    const grefs = this.#grefs;
    for (let index = 0; index < grefs.length; index++) {
      const gref = grefs[index]!;
      if (table.unmap(gref)) {
        granter.memory(gref).give(table.page(gref), 1);
        table.remove(gref);
      }
    }
    granter.bury();
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
    const { table } = granter;
    for (let index = 0; index < grefs.length; index++) {
      const gref = grefs[index]!;
      if (!table.has(gref)) throw refused(`domain ${domid} has no grant with reference ${gref}`);
      if (table.domid(gref) !== domain.domid) {
        throw refused(
          `reference ${gref} is granted to domain ${table.domid(gref)}, and this is domain ${domain.domid}`,
        );
      }
      if (writable && !table.isWritable(gref)) {
        throw refused(
          `reference ${gref} is granted read-only: map it without \`writable\`, or allocate it with \`writable: true\``,
        );
      }
    }
    const first = grefs[0]!;
    for (let index = 1; index < grefs.length; index++) {
      const gref = grefs[index]!;
      if (table.follows(gref, first, index)) continue;
      throw new GrantError(
        `Cannot map reference ${gref} behind reference ${first} as they are not neighbouring pages of one allocation, ` +
          `and a simulated machine has no page tables to bring them together: map them one by one`,
        { code: "unsupported", operation: "map" },
      );
    }
    return new PeerMapping(domain, granter, grefs);
  }

  close(): void {}
}

function refused(reason: string): GrantError {
  return new GrantError(`Cannot map as ${reason}`, { code: "map-refused", operation: "map", errno: EINVAL });
}
