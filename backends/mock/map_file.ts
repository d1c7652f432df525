import type { CopySegment, MapFile, PeerMemory } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { GrantError } from "../../src/contract/errors.ts";
import { pages } from "../../src/contract/messages.ts";
import { copySegment } from "./copy.ts";
import type { DomainState, ProcessState } from "./kernel.ts";
import { MockPeerMapping } from "./peer_mapping.ts";

/** The most references in one mapping: the default limit of Linux's gntdev. */
const MOST_REFERENCES = 65_536;

/** An open file through which a process maps granted pages. */
export class MockMapFile implements MapFile {
  readonly #process: ProcessState;

  constructor(process: ProcessState) {
    this.#process = process;
  }

  map(domid: number | readonly number[], grefs: readonly number[], writable: boolean): PeerMemory {
    const process = this.#process;
    process.checkAlive("map");
    this.#checkNotOwn(domid);
    if (grefs.length > MOST_REFERENCES) {
      throw refused(
        `one mapping may have at most ${MOST_REFERENCES} grants, and these are ${grefs.length}`,
        " Map fewer at a time.",
      );
    }
    const granters = typeof domid === "number" ? this.#find(domid) : domid.map((one) => this.#find(one));
    if (!("length" in granters)) this.#check(granters, grefs, 0, grefs.length, writable);
    else granters.forEach((granter, index) => this.#check(granter, grefs, index, index + 1, writable));
    const { mappedPages, maxMappedPages } = process.domain;
    if (mappedPages + grefs.length > maxMappedPages) throw this.#tooMany(grefs.length);
    return new MockPeerMapping(process, granters, grefs, writable);
  }

  /** Throws if the grants are this domain's own, where that would end its kernel. */
  #checkNotOwn(domid: number | readonly number[]): void {
    const { domid: us, machine } = this.#process.domain;
    const { guestType } = machine.settings;
    if (guestType === "PV" || (typeof domid === "number" ? domid !== us : !domid.includes(us))) return;
    throw new GrantError(
      `Cannot map grants of domain ${us}: this is domain ${us}, and a ${guestType} domain on x86 that maps its own ` +
        "grant loses the page, and then its kernel panics. Use the pages as their owner, with `map()` of what " +
        "`allocate()` returned, or with `copy()` of the mapper. Or use a second domain.",
      { code: "own-grant", operation: "map" },
    );
  }

  #find(domid: number): DomainState {
    const granter = this.#process.domain.machine.find(domid);
    if (!granter) throw refused(`there is no domain ${domid}`);
    return granter;
  }

  /** Throws unless this domain can map the pages of the references `from` up to, but not including, `to`. */
  #check(granter: DomainState, grefs: readonly number[], from: number, to: number, writable: boolean): void {
    const { domid, table } = granter;
    const us = this.#process.domain.domid;
    const gone = granter.destroyed ? table.findUnmapped(grefs, from, to) : to;
    if (gone < to) throw refused(`domain ${domid} was destroyed, and nobody maps reference ${grefs[gone]} any more`);
    const index = table.findRefused(grefs, from, to, us, writable);
    if (index === to) return;
    const gref = grefs[index]!;
    if (!table.isGranted(gref)) throw refused(`domain ${domid} has no grant with reference ${gref}`);
    if (table.domid(gref) !== us) {
      throw refused(`reference ${gref} is granted to domain ${table.domid(gref)}, and this is domain ${us}`);
    }
    throw refused(
      `reference ${gref} is granted read-only`,
      " Map it without `writable`, or allocate it with `writable: true`.",
    );
  }

  #tooMany(count: number): GrantError {
    const { domid, mappedPages, maxMappedPages } = this.#process.domain;
    return refused(
      `domain ${domid} maps ${pages(mappedPages)}, and can map ${maxMappedPages}: ${count} more do not fit`,
      " Unmap some, or create the MockXen with more `maptrackFrames`.",
    );
  }

  copy(segments: readonly CopySegment[]): readonly number[] {
    this.#process.checkAlive("copy");
    return segments.map((segment) => copySegment(this.#process.domain, segment));
  }

  close(): void {}
}

/** The error of a refused mapping, for which Linux has a single error number. */
function refused(reason: string, wayOut = ""): GrantError {
  return new GrantError(`Cannot map: ${reason}.${wayOut}`, {
    code: "map-refused",
    operation: "map",
    errno: Errno.EINVAL,
  });
}
