import { GrantMapper, PAGE_SIZE } from "@gntalloc/gntalloc";
import type { MockXenReport } from "@gntalloc/gntalloc/mock";
import type { Frame, Page } from "../protocol.ts";
import type { Call } from "./call.ts";
import { cut } from "./printing.ts";
import { sentence } from "./sentences.ts";
import { StoreReader } from "./store_reader.ts";
import type { WatchedXen } from "./watched_xen.ts";

/** How many pages of a domain are in a picture: nobody looks at more. */
const MOST_PAGES = 16;
/** How many sentences are in a picture: as many as lines are in the log. */
const MOST_SENTENCES = 500;

/** Takes pictures of a machine, and leaves no trace in it. */
export class Camera {
  readonly #xen: WatchedXen;
  readonly #store: StoreReader;
  /** The bytes that each page had last: nobody can read a page whose peer is gone, or whose domain was restored. */
  #bytes: ReadonlyMap<string, Uint8Array> = new Map();

  constructor(xen: WatchedXen) {
    this.#xen = xen;
    this.#store = new StoreReader(xen);
  }

  /** Says what the machine is like before the statement of a line. */
  async take(line: number | undefined): Promise<Frame> {
    const nodes = await this.#store.read();
    const report = this.#report();
    const calls = this.#xen.takeCalls();
    const restored = this.#xen.takeRestored();
    return {
      line,
      report,
      pages: this.#pages(report, restored),
      nodes: nodes.map(({ path, value }) => ({ path, value: cut(value) })),
      sentences: sentencesOf(calls),
      rung: rungBy(calls),
      restored,
    };
  }

  /** What the domains of the program hold, by their numbers. */
  #report(): MockXenReport {
    const domains = this.#xen.inspect().domains
      .filter(({ domid }) => this.#xen.knows(domid))
      .map((domain) => this.#store.without(domain));
    return { domains: domains.toSorted((one, other) => one.domid - other.domid) };
  }

  #pages(report: MockXenReport, restored: Frame["restored"]): Page[] {
    const bytes = new Map<string, Uint8Array>();
    const pages = report.domains.flatMap(({ domid, grants }) => {
      const number = restored.find(({ to }) => to === domid)?.from ?? domid;
      return grants.slice(0, MOST_PAGES).map(({ gref, domid: peer }): Page => {
        const read = this.#read(peer, domid, gref) ?? this.#bytes.get(`${number} ${gref}`);
        if (read !== undefined) bytes.set(`${domid} ${gref}`, read);
        return { domid, gref, bytes: read };
      });
    });
    this.#bytes = bytes;
    return pages;
  }

  /** Copies a page as its peer can, which maps nothing. */
  #read(peer: number, domid: number, gref: number): Uint8Array | undefined {
    const reader = this.#xen.bareDomain(peer);
    if (reader === undefined) return undefined;
    const bytes = new Uint8Array(PAGE_SIZE);
    try {
      const mapper = new GrantMapper(reader);
      const [status] = mapper.copy([{ from: { domid, gref }, to: bytes }]);
      mapper.close();
      return status === "okay" ? bytes : undefined;
    } catch {
      // The program has replaced what this needs.
      return undefined;
    }
  }
}

function sentencesOf(calls: readonly Call[]): string[] {
  const sentences = calls.map(sentence).filter((words) => words !== undefined);
  const more = sentences.length - MOST_SENTENCES;
  return [...sentences.slice(0, MOST_SENTENCES).map(cut), ...(more > 0 ? [`… ${more} more calls`] : [])];
}

/** The ports of calls that send or take an event: each once, however often. */
function rungBy(calls: readonly Call[]): Frame["rung"] {
  const rung = new Map<string, Frame["rung"][number]>();
  for (const { domid, part, call, port, ports } of calls) {
    if (part !== "events") continue;
    const numbers = call === "notify" ? [port] : call === "pending" ? ports : [];
    for (const number of numbers as number[]) rung.set(`${domid} ${number}`, { domid, port: number });
  }
  return [...rung.values()];
}
