import type { MappedMemory, PeerMemory, XenDomain } from "../../src/contract/backend.ts";
import { ReplayContext, type ReplayTarget, UNNAMED } from "./replay_context.ts";
import { ReplayedEvents } from "./replayed_events.ts";
import { ReplayedGrants } from "./replayed_grants.ts";
import { ReplayedMaps } from "./replayed_maps.ts";
import { type TraceAnswer, TraceError } from "./trace.ts";
import type {
  GrantsMapCall,
  LimitCall,
  MapsMapCall,
  MapsNotifyCall,
  Mark,
  OpenCall,
  TraceCall,
  TraceSide,
} from "./trace_calls.ts";
import { tracedBytes, tracedError, tracedLimit } from "./trace_values.ts";

type OpenFile = ReplayedGrants | ReplayedMaps | ReplayedEvents;

/** A mapping of the granter or of the peer. */
type Mapping =
  | { readonly side: "grants"; readonly file: number; readonly memory: MappedMemory }
  | { readonly side: "maps"; readonly file: number; readonly memory: PeerMemory };

/** Makes the calls of a trace, keeps track of what they open, and closes everything at the end. */
export class ReplaySession {
  readonly #context: ReplayContext;
  readonly #files = new Map<number, OpenFile>();
  readonly #mappings = new Map<number, Mapping>();
  /** The index of the domain that grants pages, once one does. */
  #granter: number | undefined;

  constructor(target: ReplayTarget) {
    this.#context = new ReplayContext(target);
  }

  /** Makes a call, and returns what the backend answers. */
  call(call: Exclude<TraceCall, Mark>): TraceAnswer {
    switch (call.call) {
      case "open":
        return this.#open(call);
      case "limit":
        return this.#limit(call);
      case "grant":
        return this.#file(call.line, call.file, "grants").grant(call);
      case "endAccess":
        return this.#file(call.line, call.file, "grants").endAccess(call);
      case "map":
        return this.#map(call);
      case "copy":
        return this.#file(call.line, call.file, "maps").copy(call);
      case "unmap":
        return this.#unmap(call.line, call.side, call.mapping);
      case "notify":
        if (call.side === "grants") return this.#file(call.line, call.file, "grants").notify(call);
        if (call.side === "maps") return this.#notify(call);
        return this.#file(call.line, call.file, "events").call(call);
      case "close":
        return this.#close(call.line, call.side, call.file);
      default:
        return this.#file(call.line, call.file, "events").call(call);
    }
  }

  #backend<S extends TraceSide>({ line, domain = 0 }: OpenCall | LimitCall, side: S): XenDomain[S] {
    const { domains } = this.#context.target;
    const given = domains[domain];
    if (!given) {
      throw new TraceError(
        line,
        `\`domain\` must be the index of a domain of the replay: current value is ${domain}, and the number of domains ` +
          `is ${domains.length}. Pass one for each recorded domain, in the same order, as the option \`domains\``,
      );
    }
    const backend = given[side];
    if (backend) return backend;
    throw new TraceError(
      line,
      `\`side\` must be a part of its domain: current value is "${side}", and the domain has none. ` +
        `Pass a domain that has one at index ${domain} of the option \`domains\``,
    );
  }

  #file<S extends TraceSide>(line: number, number: number, side: S): Extract<OpenFile, { side: S }> {
    const file = this.#files.get(number);
    if (file?.side === side) return file as Extract<OpenFile, { side: S }>;
    throw new TraceError(line, `\`file\` must be one that is open on the side "${side}": current value is ${number}`);
  }

  #limit(call: LimitCall): TraceAnswer {
    const backend = this.#backend(call, "grants");
    return this.#context.answer(backend, () => ({ limit: tracedLimit(backend.limit()) }));
  }

  #open(call: OpenCall): TraceAnswer {
    const { line, side, file: number = UNNAMED, domain = 0 } = call;
    if (this.#files.has(number)) {
      throw new TraceError(line, `\`file\` must be a number that no open file has: current value is ${number}`);
    }
    const context = this.#context;
    if (side === "grants") {
      const backend = this.#backend(call, side);
      this.#checkGranter(line, domain);
      return context.answer(backend, () => {
        this.#files.set(number, new ReplayedGrants(context, domain, backend, backend.open()));
        this.#granter = domain;
      });
    }
    if (side === "maps") {
      const backend = this.#backend(call, side);
      return context.answer(backend, () => {
        this.#files.set(number, new ReplayedMaps(context, domain, backend, backend.open()));
      });
    }
    const backend = this.#backend(call, side);
    return context.answer(backend, () => {
      this.#files.set(number, new ReplayedEvents(context, domain, backend, backend.open()));
    });
  }

  #checkGranter(line: number, domain: number): void {
    if (this.#granter === undefined || this.#granter === domain) return;
    throw new TraceError(
      line,
      `\`domain\` must be ${this.#granter}, because only one domain of a trace grants pages: current value is ${domain}`,
    );
  }

  #map(call: GrantsMapCall | MapsMapCall): TraceAnswer {
    const { line, mapping: number = UNNAMED } = call;
    const file = this.#file(line, call.file, call.side);
    const map = call.side === "grants" ? (file as ReplayedGrants).map(call) : (file as ReplayedMaps).map(call);
    if (this.#mappings.has(number)) {
      throw new TraceError(line, `\`mapping\` must be a number that no mapping has: current value is ${number}`);
    }
    return this.#context.answer(file.backend, () => {
      const memory = map();
      if (memory) this.#mappings.set(number, { side: call.side, file: call.file, memory } as Mapping);
      return { bytes: tracedBytes(memory) };
    });
  }

  #mapping<S extends Mapping["side"]>(line: number, side: S, number: number): Extract<Mapping, { side: S }> {
    const mapping = this.#mappings.get(number);
    if (mapping?.side === side) return mapping as Extract<Mapping, { side: S }>;
    throw new TraceError(line, `\`mapping\` must be one of the side "${side}": current value is ${number}`);
  }

  #unmap(line: number, side: Mapping["side"], number: number): TraceAnswer {
    const { file, memory } = this.#mapping(line, side, number);
    this.#mappings.delete(number);
    return this.#context.answer(this.#files.get(file)!.backend, () => memory.unmap());
  }

  #notify(call: MapsNotifyCall): TraceAnswer {
    const { file, memory } = this.#mapping(call.line, "maps", call.mapping);
    const { backend, domain } = this.#files.get(file)!;
    return this.#context.answer(backend, () => memory.setUnmapNotify(this.#context.notify(domain, call)));
  }

  #close(line: number, side: TraceSide, number: number): TraceAnswer {
    const open = this.#file(line, number, side);
    const mapped = [...this.#mappings.values()].filter((mapping) => mapping.file === number).length;
    if (open.granted + mapped > 0) {
      throw new TraceError(
        line,
        `file ${number} must be unused when it is closed: its granted pages are ${open.granted}, its mappings ${mapped}`,
      );
    }
    this.#files.delete(number);
    return this.#context.answer(open.backend, () => open.close());
  }

  /** What is mapped, granted, bound and open, for people. */
  open(): string[] {
    const open = [...this.#mappings.keys()].map((number) => `mapping ${number}`);
    for (const [number, file] of this.#files) {
      const { granted } = file;
      if (granted > 0) open.push(`${granted} ${granted === 1 ? "page" : "pages"} of file ${number}`);
      const bound = file.side === "events" ? file.bound : 0;
      if (bound > 0) open.push(`${bound} ${bound === 1 ? "port" : "ports"} of file ${number}`);
      open.push(`file ${number}`);
    }
    return open;
  }

  /** Unmaps, ends access and closes. Returns what could not be given back, for people. */
  close(): string[] {
    const left: string[] = [];
    const attempt = (what: string, action: () => void) => {
      try {
        action();
      } catch (error) {
        left.push(`${what}: ${tracedError(error, what).message}`);
      }
    };
    // Mappings go first: the granter's pages stay while the peer maps them, and must not go while they are mapped here.
    for (const [number, { memory }] of this.#mappings) attempt(`mapping ${number}`, () => memory.unmap());
    this.#mappings.clear();
    // Event channels go last: the end of a mapping or of a page may send an event.
    const files = [...this.#files].sort(([, one], [, other]) =>
      Number(one.side === "events") - Number(other.side === "events")
    );
    for (const [number, open] of files) {
      if (open.side === "grants") {
        open.endAll((page, end) => {
          const what = `page ${page} of file ${number}`;
          attempt(what, () => {
            if (end()) left.push(`${what}: its peer maps it`);
          });
        });
      }
      attempt(`file ${number}`, () => open.close());
    }
    this.#files.clear();
    return left;
  }
}
