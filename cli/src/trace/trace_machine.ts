import type { DrawnDomain, DrawnGrant, DrawnMachine, DrawnMapping, DrawnPort } from "@gntalloc/gntalloc/pictures";
import type { TraceCall, TracePart } from "@gntalloc/gntalloc/record";
import { isDomid } from "../domid.ts";

/** The mark by which `trace record` writes down the number of a domain. */
export const DOMAIN_MARK = "domain";

/** Reads the numbers of the recorded domains, in the order in which they were recorded. `undefined` without marks. */
export function recordedDomids(calls: readonly TraceCall[]): number[] | undefined {
  const domids = calls.flatMap((call) =>
    call.call === "mark" && call.name === DOMAIN_MARK && isDomid(call.value) ? [call.value] : []
  );
  return domids.length === 0 ? undefined : domids;
}

interface File {
  readonly part: TracePart;
  readonly domain: number;
}

/** A page, by its file and index. */
type Page = DrawnGrant & { readonly domain: number; readonly file: number; readonly index: number };

/** What the domains of a trace hold after some of its calls, as far as the trace tells. */
export class TraceMachine {
  readonly #domids: readonly number[];
  readonly #files = new Map<number, File>();
  readonly #limits = new Map<number, number>();
  readonly #pages = new Map<string, Page>();
  readonly #mappings = new Map<string, DrawnMapping & { readonly domain: number }>();
  readonly #ports = new Map<string, DrawnPort & { readonly domain: number; readonly file: number }>();

  /** @param domids The numbers of the recorded domains. */
  constructor(domids: readonly number[]) {
    this.#domids = domids;
  }

  /** Follows a call. Calls that failed change nothing. */
  follow(call: TraceCall): void {
    if (call.call === "mark" || (call.error !== undefined && call.call !== "grant")) return;
    switch (call.call) {
      case "limit":
        this.#limits.set(call.domain ?? 0, Number(call.limit));
        break;
      case "open":
        if (call.file !== undefined) this.#files.set(call.file, { part: call.part, domain: call.domain ?? 0 });
        break;
      case "grant":
        call.grefs.forEach((gref, offset) =>
          this.#grant(call.file, call.page + offset, gref, call.domid, call.writable)
        );
        break;
      case "endAccess":
        this.#endAccess(call.file, call.page, call.count, call.held);
        break;
      case "map":
        if (call.part === "maps" && call.mapping !== undefined) this.#map(call.file, call.mapping, call);
        break;
      case "unmap":
        if (call.part === "maps") this.#mappings.delete(`${call.mapping}`);
        break;
      case "bindUnbound":
      case "bindInterdomain":
      case "bindVirq":
        this.#bind(call.file, call);
        break;
      case "unbind":
        this.#ports.delete(`${call.file} ${call.port}`);
        break;
      case "close":
        this.#close(call.file);
        break;
    }
  }

  /** What the domains hold now. */
  inspect(): DrawnMachine {
    return { domains: this.#domids.map((domid, domain) => this.#domain(domid, domain)) };
  }

  #domain(domid: number, domain: number): DrawnDomain {
    const pages = [...this.#pages.values()].filter((page) => page.domain === domain);
    const files = [...this.#files.values()].filter((file) => file.domain === domain);
    const mappers = new Set(
      [...this.#mappings.values()].flatMap(({ pages }) =>
        pages.filter((page) => page.domid === domid).map(({ gref }) => gref)
      ),
    );
    return {
      domid,
      destroyed: false,
      limit: this.#limits.get(domain) ?? Infinity,
      counted: pages.filter(({ held }) => !held).length,
      processes: files.length === 0 ? [] : [{}],
      grants: pages.map((page) => ({ ...page, mapped: page.mapped || mappers.has(page.gref) })).sort((one, other) =>
        one.gref - other.gref
      ),
      mappings: [...this.#mappings.values()].filter((mapping) => mapping.domain === domain),
      ports: [...this.#ports.values()].filter((port) => port.domain === domain),
      connections: files.filter(({ part }) => part === "store"),
    };
  }

  #domainOf(file: number): number {
    return this.#files.get(file)?.domain ?? 0;
  }

  #grant(file: number, index: number, gref: number, domid: number, writable: boolean): void {
    const domain = this.#domainOf(file);
    const state = { process: 0, held: false, mapped: false, voided: false };
    this.#pages.set(`${file} ${index}`, { domain, file, index, gref, domid, writable, ...state });
  }

  #endAccess(file: number, first: number, count: number, held: unknown): void {
    for (let index = first; index < first + count; index++) {
      const key = `${file} ${index}`;
      const page = this.#pages.get(key);
      if (page === undefined) continue;
      if (Array.isArray(held) && held.includes(index - first)) {
        this.#pages.set(key, { ...page, held: true, mapped: true });
      } else this.#pages.delete(key);
    }
  }

  #map(
    file: number,
    mapping: number,
    { domid, grefs, writable }: { domid: number | readonly number[]; grefs: readonly number[]; writable: boolean },
  ) {
    const pages = grefs.map((gref, index) => ({ domid: typeof domid === "number" ? domid : domid[index]!, gref }));
    this.#mappings.set(`${mapping}`, { domain: this.#domainOf(file), writable, pages });
  }

  #bind(
    file: number,
    { port, domid, remotePort, virq }: { port?: unknown; domid?: number; remotePort?: number; virq?: number },
  ) {
    if (typeof port !== "number") return;
    this.#ports.set(`${file} ${port}`, {
      domain: this.#domainOf(file),
      file,
      port,
      domid,
      remotePort,
      virq,
      voided: false,
    });
  }

  #close(file: number): void {
    for (const [key, page] of this.#pages) if (page.file === file && !page.held) this.#pages.delete(key);
    for (const [key, port] of this.#ports) if (port.file === file) this.#ports.delete(key);
    this.#files.delete(file);
  }
}
