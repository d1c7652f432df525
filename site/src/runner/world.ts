import { GrantDevice, GrantMapper, type Mapping, type XenDomain } from "@gntalloc/gntalloc";
import type { FaultKind, FaultRule } from "@gntalloc/gntalloc/faults";
import type { Deed } from "../protocol.ts";
import type { WatchedXen } from "./watched_xen.ts";

/** The calls that can be made to fail. Those that give something back are not among them. */
const KINDS: readonly FaultKind[] = ["grant", "map", "copy", "bind"];

/** What happens to the domains of a machine without the program's doing. */
export class World {
  readonly #xen: WatchedXen;
  /** A program for each domain, which does what the world wants. */
  readonly #programs = new Map<number, XenDomain & { readonly killed: boolean }>();
  readonly #mappings: { readonly domid: number; readonly mapping: Mapping; readonly what: string }[] = [];
  #rules: readonly FaultRule[] = [];

  constructor(xen: WatchedXen) {
    this.#xen = xen;
  }

  /** Does something to a domain, and says what. */
  do(deed: Deed, domid: number): string {
    try {
      return `Domain ${domid} ${this[deed](domid)}.`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Maps a page that is granted to the domain: one that nobody maps, if there is one. */
  map(domid: number): string {
    const pages = this.#xen.inspect().domains.flatMap((domain) =>
      domain.grants.filter((grant) => grant.domid === domid && !grant.voided && !grant.held)
        .map((grant) => ({ ...grant, granter: domain.domid }))
    );
    const page = pages.find(({ mapped }) => !mapped) ?? pages[0];
    if (page === undefined) return "has nothing to map, as nobody grants it a page";
    const { granter, gref, writable } = page;
    const mapper = new GrantMapper(this.#program(domid));
    const mapping = writable ? mapper.map(granter, [gref], { writable }) : mapper.map(granter, [gref]);
    const what = `page ${gref} of domain ${granter}`;
    this.#mappings.push({ domid, mapping, what });
    return `maps ${what}`;
  }

  /** Ends the oldest mapping that `map` made. */
  unmap(domid: number): string {
    const index = this.#mappings.findIndex((made) => made.domid === domid && !made.mapping.unmapped);
    if (index < 0) return "has nothing to let go of but what your program maps: press “maps a page” first";
    const { mapping, what } = this.#mappings[index]!;
    this.#mappings.splice(index, 1);
    mapping.unmap();
    return `lets go of ${what}`;
  }

  /** Kills the newest program of the domain. */
  kill(domid: number): string {
    const process = this.#xen.processes.findLast(({ domain, killed }) => domain.domid === domid && !killed);
    if (process === undefined) return "has only its main program, which ends with the domain: destroy it instead";
    process.kill();
    return "loses its newest program: it was killed";
  }

  destroy(domid: number): string {
    this.#xen.domain(domid).destroy();
    return "is destroyed";
  }

  /** Grants as many pages as the limit allows. */
  fill(domid: number): string {
    const domain = this.#xen.inspect().domains.find((each) => each.domid === domid);
    const pages = domain === undefined ? 0 : Math.min(domain.limit - domain.counted, 4096);
    if (pages <= 0) return "has reached its limit already";
    new GrantDevice(this.#program(domid)).open().allocate(domid === 0 ? 1 : 0, { pages });
    return `grants ${pages} ${pages === 1 ? "page" : "pages"} more, and reaches its limit`;
  }

  /** Makes the next call fail. */
  fault(domid: number): string {
    const faults = this.#xen.faults(domid);
    this.#clearRules();
    this.#rules = KINDS.map((kind) => faults.fail(kind, { error: () => this.#fault() }));
    return "will fail at its next call that grants, maps, copies or binds";
  }

  /** One call fails, whatever its kind. */
  #fault(): Error {
    this.#clearRules();
    return new Error("You made this call fail.");
  }

  #clearRules(): void {
    for (const rule of this.#rules) rule.clear();
  }

  #program(domid: number): XenDomain {
    let program = this.#programs.get(domid);
    if (program === undefined || program.killed) {
      program = this.#xen.domain(domid).process();
      this.#programs.set(domid, program);
    }
    return program;
  }
}
