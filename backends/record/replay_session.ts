import type { MappedMemory, PeerMemory, XenDomain } from "../../src/contract/backend.ts";
import { ReplayContext, type ReplayTarget, UNNAMED } from "./replay_context.ts";
import { FILES, type OpenFile } from "./replayed_files.ts";
import { type TraceAnswer, TraceError } from "./trace.ts";
import type {
  CloseCall,
  GrantsMapCall,
  LimitCall,
  MapsMapCall,
  MapsNotifyCall,
  Mark,
  OpenCall,
  TraceCall,
  TracePart,
  UnmapCall,
} from "./trace_calls.ts";
import { tracedBytes, tracedError, tracedLimit } from "./trace_values.ts";

/** The calls of a part, except those that several parts have alike. */
type CallOf<Part extends TracePart> = Extract<
  Exclude<TraceCall, Mark | OpenCall | UnmapCall | CloseCall>,
  { readonly part: Part }
>;

/** A mapping of the granter or of the peer. */
type Mapping =
  | { readonly part: "grants"; readonly file: number; readonly memory: MappedMemory }
  | { readonly part: "maps"; readonly file: number; readonly memory: PeerMemory };

/** What a backend answers, perhaps later. */
type Answer = TraceAnswer | Promise<TraceAnswer>;

/** Makes the calls of a trace, keeps track of what they open, and closes everything at the end. */
export class ReplaySession {
  readonly #context: ReplayContext;
  readonly #files = new Map<number, OpenFile>();
  readonly #mappings = new Map<number, Mapping>();
  /** The index of the domain that grants pages, once one does. */
  #granter: number | undefined;

  /** What makes the calls of each part. */
  readonly #handlers: { readonly [Part in TracePart]: (call: CallOf<Part>) => Answer } = {
    grants: (call) => this.#grants(call),
    maps: (call) => this.#maps(call),
    events: (call) => this.#events(call),
    store: (call) => this.#store(call),
  };

  constructor(target: ReplayTarget) {
    this.#context = new ReplayContext(target);
  }

  /** Makes a call, and returns what the backend answers: in a promise for the part `store` alone. */
  call(call: Exclude<TraceCall, Mark>): Answer {
    switch (call.call) {
      case "open":
        return this.#open(call);
      case "unmap":
        return this.#unmap(call.line, call.part, call.mapping);
      case "close":
        return this.#close(call.line, call.part, call.file);
      default: {
        const handle = this.#handlers[call.part] as (call: TraceCall) => Answer;
        return handle(call);
      }
    }
  }

  #grants(call: CallOf<"grants">): TraceAnswer {
    if (call.call === "limit") return this.#limit(call);
    const file = this.#file(call.line, call.file, "grants");
    switch (call.call) {
      case "grant":
        return file.grant(call);
      case "endAccess":
        return file.endAccess(call);
      case "map":
        return this.#map(call, file, file.map(call));
      case "notify":
        return file.notify(call);
    }
  }

  #maps(call: CallOf<"maps">): TraceAnswer {
    if (call.call === "notify") return this.#notify(call);
    const file = this.#file(call.line, call.file, "maps");
    switch (call.call) {
      case "map":
        return this.#map(call, file, file.map(call));
      case "copy":
        return file.copy(call);
    }
  }

  #events(call: CallOf<"events">): TraceAnswer {
    return this.#file(call.line, call.file, "events").call(call);
  }

  #store(call: CallOf<"store">): Promise<TraceAnswer> {
    return this.#file(call.line, call.file, "store").call(call);
  }

  #backend<Part extends TracePart>({ line, domain = 0 }: OpenCall | LimitCall, part: Part): XenDomain[Part] {
    const { domains } = this.#context.target;
    const given = domains[domain];
    if (!given) {
      throw new TraceError(
        line,
        `\`domain\` must be the index of a domain of the replay: current value is ${domain}, and the number ` +
          `of domains is ${domains.length}. Pass one for each recorded domain, in the same order, ` +
          `as the option \`domains\``,
      );
    }
    const backend = given[part];
    if (backend) return backend;
    throw new TraceError(
      line,
      `\`part\` must be a part of its domain: current value is "${part}", and the domain has none. ` +
        `Pass a domain that has one at index ${domain} of the option \`domains\``,
    );
  }

  #file<Part extends TracePart>(line: number, number: number, part: Part): OpenFile<Part> {
    const file = this.#files.get(number);
    if (file?.part === part) return file as OpenFile<Part>;
    throw new TraceError(line, `\`file\` must be one that is open in the part "${part}": current value is ${number}`);
  }

  #limit(call: LimitCall): TraceAnswer {
    const backend = this.#backend(call, "grants");
    return this.#context.answer(backend, () => ({ limit: tracedLimit(backend.limit()) }));
  }

  #open<Part extends TracePart>(call: OpenCall & { readonly part: Part }): TraceAnswer {
    const { line, part, file: number = UNNAMED, domain = 0 } = call;
    if (this.#files.has(number)) {
      throw new TraceError(line, `\`file\` must be a number that no open file has: current value is ${number}`);
    }
    const backend = this.#backend(call, part);
    if (part === "grants") this.#checkGranter(line, domain);
    return this.#context.answer(backend, () => {
      this.#files.set(number, new FILES[part](this.#context, domain, backend));
      if (part === "grants") this.#granter = domain;
    });
  }

  #checkGranter(line: number, domain: number): void {
    if (this.#granter === undefined || this.#granter === domain) return;
    throw new TraceError(
      line,
      `\`domain\` must be ${this.#granter}, because only one domain of a trace grants pages: ` +
        `current value is ${domain}`,
    );
  }

  #map(
    { line, part, file, mapping: number = UNNAMED }: GrantsMapCall | MapsMapCall,
    { backend }: OpenFile,
    map: () => MappedMemory | PeerMemory,
  ): TraceAnswer {
    if (this.#mappings.has(number)) {
      throw new TraceError(line, `\`mapping\` must be a number that no mapping has: current value is ${number}`);
    }
    return this.#context.answer(backend, () => {
      const memory = map();
      if (memory) this.#mappings.set(number, { part, file, memory } as Mapping);
      return { bytes: tracedBytes(memory) };
    });
  }

  #mapping<Part extends Mapping["part"]>(line: number, part: Part, number: number): Extract<Mapping, { part: Part }> {
    const mapping = this.#mappings.get(number);
    if (mapping?.part === part) return mapping as Extract<Mapping, { part: Part }>;
    throw new TraceError(line, `\`mapping\` must be one of the part "${part}": current value is ${number}`);
  }

  #unmap(line: number, part: Mapping["part"], number: number): TraceAnswer {
    const { file, memory } = this.#mapping(line, part, number);
    this.#mappings.delete(number);
    return this.#context.answer(this.#files.get(file)!.backend, () => memory.unmap());
  }

  #notify(call: MapsNotifyCall): TraceAnswer {
    const { file, memory } = this.#mapping(call.line, "maps", call.mapping);
    const { backend, domain } = this.#files.get(file)!;
    return this.#context.answer(backend, () => memory.setUnmapNotify(this.#context.notify(domain, call)));
  }

  #close(line: number, part: TracePart, number: number): TraceAnswer {
    const open = this.#file(line, number, part);
    const mapped = [...this.#mappings.values()].filter((mapping) => mapping.file === number).length;
    if (open.granted + mapped > 0) {
      throw new TraceError(
        line,
        `file ${number} must be unused when it is closed: its granted pages are ${open.granted}, ` +
          `its mappings ${mapped}`,
      );
    }
    this.#files.delete(number);
    return this.#context.answer(open.backend, () => open.close());
  }

  /** What is mapped, granted, bound and open, for people. */
  open(): string[] {
    const open = [...this.#mappings.keys()].map((number) => `mapping ${number}`);
    for (const [number, file] of this.#files) {
      const { granted, bound } = file;
      if (granted > 0) open.push(`${granted} ${granted === 1 ? "page" : "pages"} of file ${number}`);
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
      Number(one.part === "events") - Number(other.part === "events")
    );
    for (const [number, open] of files) {
      if (open.part === "grants") {
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
