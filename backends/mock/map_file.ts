import { GrantError } from "../../src/errors.ts";
import type { CopySegment, MapFile, PeerMemory } from "../backend.ts";
import { copySegment } from "./copy.ts";
import { type GrantedPage, MockPeerMapping } from "./peer_mapping.ts";
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
    this.#process.checkAlive("map");
    const pages = grefs.map((gref, index) => {
      return this.#find(typeof domid === "number" ? domid : domid[index]!, gref, writable);
    });
    return new MockPeerMapping(this.#process, pages, writable);
  }

  #find(domid: number, gref: number, writable: boolean): GrantedPage {
    const { domain } = this.#process;
    const granter = domain.xen.find(domid);
    if (!granter) throw refused(`there is no domain ${domid}`);
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
    return { granter, gref, grant };
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
