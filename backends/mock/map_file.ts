import { GrantError } from "../../src/contract/errors.ts";
import type { CopySegment, MapFile, PeerMemory } from "../../src/contract/backend.ts";
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
    if (!("length" in granters)) this.#check(granters, grefs, 0, grefs.length, writable);
    else granters.forEach((granter, index) => this.#check(granter, grefs, index, index + 1, writable));
    return new MockPeerMapping(process, granters, grefs, writable);
  }

  #find(domid: number): MockDomain {
    const granter = this.#process.domain.xen.find(domid);
    if (!granter) throw refused(`there is no domain ${domid}`);
    return granter;
  }

  /** Throws unless pages may be mapped: those from some place on and before some other. */
  #check({ domid, table }: MockDomain, grefs: readonly number[], from: number, to: number, writable: boolean): void {
    const us = this.#process.domain.domid;
    const index = table.findRefused(grefs, from, to, us, writable);
    if (index === to) return;
    const gref = grefs[index]!;
    if (!table.has(gref)) throw refused(`domain ${domid} has no grant with reference ${gref}`);
    if (table.domid(gref) !== us) {
      throw refused(`reference ${gref} is granted to domain ${table.domid(gref)}, and this is domain ${us}`);
    }
    throw refused(
      `reference ${gref} is granted read-only: map it without \`writable\`, or allocate it with \`writable: true\``,
    );
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
