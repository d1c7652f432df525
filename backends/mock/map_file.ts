import { GrantError } from "../../src/errors.ts";
import type { CopySegment, MapFile, PeerMemory } from "../backend.ts";
import { copySegment } from "./copy.ts";
import type { MockDomain } from "./domain.ts";
import { MockPeerMapping } from "./peer_mapping.ts";
import type { MockProcess } from "./process.ts";

/** The number of Linux's error for everything that Xen refuses to map. */
const EINVAL = 22;

/** One open file through which a process of a simulated domain maps the grants of others. */
export class MockMapFile implements MapFile {
  readonly #process: MockProcess;

  constructor(process: MockProcess) {
    this.#process = process;
  }

  map(domid: number | readonly number[], grefs: readonly number[], writable: boolean): PeerMemory {
    const process = this.#process;
    process.checkAlive("map");
    const granters = typeof domid === "number" ? this.#find(domid) : domid.map((one) => this.#find(one));
    for (let index = 0; index < grefs.length; index++) {
      this.#check("length" in granters ? granters[index]! : granters, grefs[index]!, writable);
    }
    return new MockPeerMapping(process, granters, grefs, writable);
  }

  #find(domid: number): MockDomain {
    const granter = this.#process.domain.xen.find(domid);
    if (!granter) throw refused(`there is no domain ${domid}`);
    return granter;
  }

  /** Throws unless a page may be mapped. */
  #check({ domid, table }: MockDomain, gref: number, writable: boolean): void {
    if (!table.has(gref)) throw refused(`domain ${domid} has no grant with reference ${gref}`);
    const us = this.#process.domain.domid;
    if (table.domid(gref) !== us) {
      throw refused(`reference ${gref} is granted to domain ${table.domid(gref)}, and this is domain ${us}`);
    }
    if (writable && !table.isWritable(gref)) {
      throw refused(
        `reference ${gref} is granted read-only: map it without \`writable\`, or allocate it with \`writable: true\``,
      );
    }
  }

  copy(segments: readonly CopySegment[]): readonly number[] {
    this.#process.checkAlive("copy");
    return segments.map((segment) => copySegment(this.#process.domain, segment));
  }

  close(): void {}
}

function refused(reason: string): GrantError {
  return new GrantError(`Cannot map as ${reason}`, { code: "map-refused", operation: "map", errno: EINVAL });
}
